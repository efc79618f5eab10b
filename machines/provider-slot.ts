/** One concurrent place of a provider. It is granted to one call and comes back whatever happens. */
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
        /** Our quota (429): no use before the provider says so. */
        BACK_OFF: 'backoff',
        /** Their outage: no use before a probe has come back. */
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
