/**
 * One of the calls that a provider takes at once. A slot is granted to one call, and is released
 * however the call ends.
 */
import { setup, type StateValueFrom } from 'xstate';

export const slotMachine = setup({
  types: { events: {} as { readonly type: 'GRANT' | 'RELEASE' | 'BACK_OFF' | 'STALL' | 'REOPEN' } },
}).createMachine({
  id: 'provider-slot',
  initial: 'idle',
  states: {
    idle: {
      on: {
        GRANT: 'calling',
        BACK_OFF: 'backoff',
        STALL: 'stalled',
      },
    },
    calling: {
      on: {
        RELEASE: 'idle',
        /** Our quota (429): the slot is not used until the time that the provider gave. */
        BACK_OFF: 'backoff',
        /** The provider's outage: the slot is not used until a probe has succeeded. */
        STALL: 'stalled',
      },
    },
    backoff: {
      on: {
        RELEASE: 'idle',
        GRANT: 'calling',
        BACK_OFF: 'backoff',
        STALL: 'stalled',
      },
    },
    stalled: {
      on: {
        RELEASE: 'idle',
        REOPEN: 'idle',
      },
    },
  },
});

export type SlotStatus = StateValueFrom<typeof slotMachine>;
