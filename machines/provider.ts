/**
 * A provider of model calls. A full quota, an outage and a refused key have different states: a 429
 * only cools the provider and never stalls it (promise 8); more outages than the threshold stall it
 * until one probe succeeds; a refused key or spend parks it until a person has corrected it.
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
        /** A call from before the outage has succeeded, so the provider answers again. */
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
        /** A person does it. */
        REOPEN: 'open',
        REFUSE: 'parked',
      },
    },
  },
});

/**
 * The status of a gate.
 * - open: calls go out. cooling: the provider has asked to wait. probing: one call asks whether it answers.
 * - stalled: the provider does not answer, and is asked again with one call after growing pauses.
 * - parked: it refuses key or spend, until a person reopens it.
 */
export type ProviderStatus = StateValueFrom<typeof providerMachine>;
