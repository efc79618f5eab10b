/**
 * A provider of model calls. Our quota, their outage and a refused key are three different things: a
 * 429 only cools, and never stalls (promise 8); an outage past its threshold stalls until one probe
 * comes back; a refused key or spend parks until a person has mended it.
 */
import { setup, type StateValueFrom } from 'xstate';

export const providerMachine = setup({
  types: {
    events: {} as { readonly type: 'RATE_LIMITED' | 'OUTAGE' | 'PROBE' | 'REFUSE' | 'REOPEN' },
  },
}).createMachine({
  id: 'provider',
  initial: 'open',
  states: {
    open: {
      on: {
        RATE_LIMITED: 'cooling',
        OUTAGE: 'stalled',
        REFUSE: 'parked',
      },
    },
    cooling: {
      on: {
        REOPEN: 'open',
        RATE_LIMITED: 'cooling',
        OUTAGE: 'stalled',
        REFUSE: 'parked',
      },
    },
    stalled: {
      on: {
        PROBE: 'probing',
        /** A call from before the outage has come back: it answers again. */
        REOPEN: 'open',
        RATE_LIMITED: 'cooling',
        OUTAGE: 'stalled',
        REFUSE: 'parked',
      },
    },
    probing: {
      on: {
        REOPEN: 'open',
        RATE_LIMITED: 'cooling',
        OUTAGE: 'stalled',
        REFUSE: 'parked',
      },
    },
    parked: {
      on: {
        /** By a person. */
        REOPEN: 'open',
        REFUSE: 'parked',
      },
    },
  },
});

export type ProviderStatus = StateValueFrom<typeof providerMachine>;
