/**
 * A subscription: one receive of one run, waiting on its channels. It becomes `waiting` only when
 * its row stands in every one of these channels, so that no publisher can miss it.
 */
import { setup, type StateValueFrom } from 'xstate';

export const subscriptionMachine = setup({
  types: { events: {} as { readonly type: 'REGISTER' | 'DELIVER' | 'EXPIRE' | 'CANCEL' } },
}).createMachine({
  id: 'subscription',
  initial: 'registering',
  states: {
    registering: {
      on: {
        REGISTER: 'waiting',
        /** The messages had been published already. */
        DELIVER: 'delivered',
        CANCEL: 'cancelled',
      },
    },
    waiting: {
      on: {
        DELIVER: 'delivered',
        EXPIRE: 'expired',
        CANCEL: 'cancelled',
      },
    },
    delivered: { type: 'final' },
    expired: { type: 'final' },
    cancelled: { type: 'final' },
  },
});

export type SubscriptionStatus = StateValueFrom<typeof subscriptionMachine>;
