/**
 * Every number by which heddle shares out capacity: how it paces providers, which run or call goes next, and
 * how commits and provider calls share a process. All stand in one place, so that the rules can be read, tried
 * and changed together. The numbers that a host sets (permits, turns of a commit, calls that may wait) stand
 * in the runtime's own settings.
 *
 * Units stand last in the names: `Ms` are milliseconds, `Share` is a part of a whole from 0 to 1, `Factor`
 * multiplies, and `Max` and `Min` are bounds. A number without a unit is a count of the things in its name.
 */
const values = {
  /** How long a call waits after an outage: a random time between nothing and a bound. */
  backoff: {
    /** The bound after the call's first outage. It doubles with each further outage. */
    firstMs: 500,
    /** The largest bound. */
    msMax: 30_000,
  },

  /** How long a provider gets no calls after a 429. */
  cooling: {
    /** The first pause where the 429 names no time. It doubles while no call succeeds. */
    firstMs: 500,
    /** The longest pause where the 429 names no time. */
    msMax: 60_000,
    /** The part of a guessed pause that is random, so that replicas do not come back together. */
    jitterShare: 1 / 2,
    /** The least that a provider may ask for. */
    askedMsMin: 50,
    /** The most that a provider may ask for: an hour. */
    askedMsMax: 3_600_000,
    /** Replicas that were told the same time are spread over this, by their part of the ceiling. */
    spreadMsMax: 1_000,
  },

  /** When a provider counts as out, and how it is tried again. */
  probing: {
    /** Outages without an answer in between that stall a provider. */
    outagesToStall: 5,
    /** The time from a stall to the first probe. It doubles with each probe that fails. */
    firstMs: 1_000,
    /**
     * The longest time between two probes. It is short because a recovery is noticed only by a probe,
     * whose answer must come before the time of the calls that wait is over; a single call does the
     * provider no harm.
     */
    msMax: 2_500,
    /** The part of the pause that is random, so that replicas do not probe together. */
    jitterShare: 1 / 2,
  },

  /** How a gate's limit is learned from its 429: see learned-limit.ts for the rules. */
  learning: {
    /** A limit that ramps grows by this share of itself with each step. */
    rampStepShare: 0.2,
    /**
     * A step waits until the slots were full for this long for each call of the step before: a provider refuses
     * calls one by one, so the refusals take time to come.
     */
    rampStepMsPerCall: 1.5,
    /** The least time between two steps. */
    rampStepMsMin: 10,
    /** The most by which a late process counts as late; the next step waits twice that time longer. */
    lateMsMax: 50,
    /** A limit that was found is held for the time of so many calls before one slot more is tried. */
    holdCallsMin: 16,
    /** A try that was refused doubles the next hold, up to this: each such try costs a cooling. */
    holdCallsMax: 32,
    /** For a hold, a call counts as at least this long. */
    holdCallMsMin: 1_000,
    /** How long a call is taken to last, before one was seen. */
    callMsFirst: 1_000,
    /** The part of each new call in the smoothed duration. */
    callMsShare: 1 / 8,
    /** A burst cuts to this part of the limit at most. */
    cutShareMin: 1 / 2,
    /** Slots count as full from this part of the limit on: idle slots prove nothing. */
    fullShare: 1 / 2,
    /** A burst that refuses clearly more than this part of the calls in flight did not come by chance. */
    deepShare: 1 / 4,
    /** How many bursts are ignored after a cut that has not helped. It doubles with each such cut. */
    burstsToIgnoreMin: 8,
    /** The most bursts that are ignored. */
    burstsToIgnoreMax: 64,
    /** Batches of sent calls that are remembered, to tell how many a provider took at once. */
    sentBatchesMax: 64,
  },

  /** After a cooling or a stall, slots are released step by step: all at once would meet the same 429. */
  releasing: {
    /** Releasing this many at once cannot overload a provider. */
    firstMin: 4,
    /** The part of the limit that is released at once after a cooling: the provider nearly surely takes it. */
    afterCoolingShare: 1 / 2,
    /**
     * The part that is released at once after a stall: a provider that has recovered is easily
     * overloaded.
     */
    afterStallShare: 1 / 8,
    /** The time between two steps. */
    stepMs: 20,
    /** By how much the number of released slots grows with each step. */
    stepFactor: 1.5,
  },

  /** Which changes of gates and waiting calls are written: frequent 429s must not cause as many writes. */
  telling: {
    /** The least time between two writes of one gate's row. */
    gateGapMs: 500,
    /** A shorter cooling is not written: it would be over before a restarted process could read it. */
    coolingMsMin: 1_000,
    /** A limit is not written anew while it has moved by less than one of so many parts of itself. */
    limitParts: 10,
    /** The most changed waits of calls that are taken for one batch. */
    waitChangesMax: 1_000,
  },

  /** Which item goes next: see src/queue for the rules, and docs/decisions.md for the reasons of the numbers. */
  fairness: {
    /** A line is sampled for places in it once in this time at most. */
    placeSampleMsMin: 1_000,
    /** And once in this time for each of its items, so that samples take under a twentieth of the time. */
    placeSampleMsPerItem: 0.05,
    /** Each class of priority that waits gets at least every so many-th turn. */
    classFloorTurns: 8,
    /**
     * Every so many-th turn of a user goes to the item that has waited longest: seldom enough that pipelines
     * that have begun are still finished first.
     */
    userFloorTurns: 10,
    /** While so many times more items wait than are under way, the line is not taken to be near its end. */
    endWaitingFactor: 2,
    /** A pipeline goes so many items ahead for each turn that it has had. */
    headStartItems: 2,
    /** The most turns for which a pipeline goes ahead. */
    headStartTurnsMax: 2,
    /** Pipelines whose turns are remembered; an older pipeline only loses its head start. */
    headStartPipelinesMax: 10_000,
    /** The furthest that a correction moves an account from the clock: the tokens of a few long answers. */
    settledTokensMax: 16_384,
    /** The part of a batch that runs with a command fill at most, while others wait. */
    commandShare: 1 / 2,
  },

  /** Bounds of numbers that come from outside. These are the same for every pool and runtime. */
  given: {
    /** The least wait that is read from a provider's headers: a shorter one is a busy loop at 1,000 runs. */
    retryAfterMsMin: 1_000,
    /**
     * The longest wait that is read from headers: a longer one outlives a slot, and no provider means
     * it.
     */
    retryAfterMsMax: 3_600_000,
    /**
     * The least weight of a tenant. A charge is divided by the weight: near 0, one call would put the tenant
     * behind the others for ever, and at 0 the result is no number.
     */
    weightMin: 0.001,
    /** The largest weight of a tenant. */
    weightMax: 1_000,
    /** For the estimate before a call is sent. It is high on purpose: unused tokens are given back. */
    charsPerToken: 4,
    /** Tokens of the answer to a call that names no bound. */
    outputTokens: 1_024,
  },

  /** When a call's result is committed before its turn: see result-keeper.ts. */
  keeping: {
    /** A call that took less than this costs less to make again than its result costs to keep. */
    afterMs: 20,
    /** At most so many results at once go straight to turns, if a batch can begin and no call waits for a slot. */
    directMax: 16,
    /** While more calls wait than are under way, results hold turns back for at most this long. */
    holdMsMax: 100,
    /** Results of one commit. */
    keptMax: 500,
  },

  /** How large batches of turns become: the first calls of a thousand runs must not wait for all turns. */
  batches: {
    /** Turns of the first batch after idleness. */
    turnsFirst: 48,
    /** By how much the bound grows after a full batch, up to the replica's `turnsMax`. */
    growthFactor: 1.25,
    /** A batch is full from this part of its bound on: a group of starts that did not fit leaves a little room. */
    fullShare: 0.9,
    /**
     * Turns of a batch while calls wait for slots and calls take long. A larger batch would delay the next
     * calls in free slots, and its own turns would only bring calls that must wait in line.
     */
    besideQueueMax: 25,
    /** Calls take long from this time on. When calls are shorter, runs wait for turns and not for slots. */
    lastingMs: 100,
    /** Turns that are computed without a pause, which takes a few milliseconds; then answers and requests go. */
    inOneGoMax: 8,
    /** Turns of one batch that are computed one after the other: the other turns of the batch wait for them. */
    chainedMax: 200,
  },

  /** How calls that wait for a budget are looked at again. */
  budgets: {
    /** The time between two looks. */
    lookMs: 1_000,
    /** Budgets of one read; a look takes as many reads as it needs, one after the other. */
    readMax: 1_000,
    /** Calls whose budgets one read asks for; each call has three. */
    callsReadMax: 300,
    /** Calls of one budget that one look examines: costs differ by provider, and a look must not take long. */
    examinedMax: 2_000,
    /** Reasons that one look writes anew because their figures have changed. */
    toldMax: 200,
  },

  /** How a tenant's use is counted against its quotas. */
  quotas: {
    /** How long a count is used before it is read again. */
    freshMs: 1_000,
    /** Tenants whose counts are kept. */
    tenantsMax: 10_000,
    /** The wait that a tenant is told when its queue is full. */
    retryAfterMs: 1_000,
  },
};

type Values = typeof values;
export type CapacitySettings = { readonly [Group in keyof Values]: Readonly<Values[Group]> };

/** New values for some settings, by group; the other settings keep their values. */
export type CapacityChanges = {
  readonly [Group in Exclude<keyof Values, 'given'>]?: Partial<CapacitySettings[Group]>;
};

export function capacityWith(changes: CapacityChanges = {}): CapacitySettings {
  const groups = Object.entries(values).map(([name, group]) => {
    return [name, Object.freeze({ ...group, ...changes[name as keyof CapacityChanges] })];
  });
  return Object.freeze(Object.fromEntries(groups)) as CapacitySettings;
}

export const capacityDefaults: CapacitySettings = capacityWith();
