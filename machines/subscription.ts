/**
 * A subscription: one receive of one run, waiting on its channels. It is `waiting` only once the row
 * stands in every channel that it waits on, so that no publisher can miss it.
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
        /** The messages were there already. */
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
