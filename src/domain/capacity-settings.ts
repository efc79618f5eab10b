/**
 * Every number by which heddle shares out capacity: how it paces providers, whose turn it is, and how
 * commits and provider calls get along. One place, so that the rules can be read, tried and changed
 * together. What a host sets itself (permits, turns of a commit, calls that may wait) stands in the
 * runtime's own settings.
 *
 * Units stand last in the names: `Ms` are milliseconds, `Share` is a part of a whole from 0 to 1, `Factor`
 * multiplies, and `Max` and `Min` are bounds. A number without a unit counts what its name says.
 */
const values = {
  /** How long a call waits after an outage: anywhere between nothing and this, at random. */
  backoff: {
    /** After its first outage; it doubles with each further one, */
    firstMs: 500,
    /** up to this. */
    msMax: 30_000,
  },

  /** How long a provider is left alone after a 429. */
  cooling: {
    /** Where the 429 names no time; it doubles while no call succeeds, */
    firstMs: 500,
    /** up to this. */
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
    /** From a stall to its first probe; it doubles with each probe that fails, */
    firstMs: 1_000,
    /**
     * up to this. One call in a while does no harm; but a recovery is not noticed before the next probe,
     * and its answer must be there before a call's time is over.
     */
    msMax: 2_500,
    /** The part of the pause that is random, so that replicas do not probe together. */
    jitterShare: 1 / 2,
  },

  /** How a gate's limit is learned from its 429: see learned-limit.ts for the rules. */
  learning: {
    /** A limit that ramps grows by this share of itself, */
    rampStepShare: 0.2,
    /** when its slots were full for so long for each call of the step before: they are refused one by one; */
    rampStepMsPerCall: 1.5,
    /** but never sooner than this. */
    rampStepMsMin: 10,
    /** A process that was later than this counts as late by this much: the next step waits twice as long. */
    lateMsMax: 50,
    /** What was found is held for so many calls' time before one slot more is tried. */
    holdCallsMin: 16,
    /** A try that was refused doubles the next hold, up to this: each costs a cooling. */
    holdCallsMax: 32,
    /** For a hold, a call counts as at least this long. */
    holdCallMsMin: 1_000,
    /** How long a call takes, before one was seen. */
    callMsFirst: 1_000,
    /** The part of each new call in the smoothed duration. */
    callMsShare: 1 / 8,
    /** A burst cuts to this part of the limit at most. */
    cutShareMin: 1 / 2,
    /** Slots count as full from this part of the limit on: idle slots prove nothing. */
    fullShare: 1 / 2,
    /** A burst that refuses more than this part of what is in flight, and some more, is no accident. */
    deepShare: 1 / 4,
    /** Bursts that are ignored after a cut that has not helped; they double with each such cut, */
    burstsToIgnoreMin: 8,
    /** up to this. */
    burstsToIgnoreMax: 64,
    /** Batches of sent calls that are remembered, to tell how many a provider took at once. */
    sentBatchesMax: 64,
  },

  /** After a cooling or a stall slots are released by and by: all at once would meet the same 429. */
  releasing: {
    /** Releasing this many at once cannot overload a provider. */
    firstMin: 4,
    /** The part of the limit that goes at once after a cooling: what a 429 has cut is nearly known to be taken. */
    afterCoolingShare: 1 / 2,
    /** The same after a stall: a provider that has just recovered is easily overwhelmed. */
    afterStallShare: 1 / 8,
    /** So much later, */
    stepMs: 20,
    /** so many times as many. */
    stepFactor: 1.5,
  },

  /** What is written down of gates and of waiting calls: a 429 in every second is no write in every second. */
  telling: {
    /** Between two rows of one gate. */
    gateGapMs: 500,
    /** A cooling that is over before a restart could come back is not worth a row. */
    coolingMsMin: 1_000,
    /** A limit that has moved by less than one of so many parts of itself is no news. */
    limitParts: 10,
    /** Runs of one batch whose calls wait for another reason. */
    waitChangesMax: 1_000,
  },

  /** Whose turn it is: see src/queue for the rules, and docs/decisions.md for the reasons of the numbers. */
  fairness: {
    /** Each class of priority that waits gets at least every so many-th turn. */
    classFloorTurns: 8,
    /**
     * Every so many-th turn of a user goes to the item that has waited longest: seldom enough that what was
     * begun is still finished first.
     */
    userFloorTurns: 10,
    /** So many times more waiting than under way is much to do, however little of it is new: no end of a batch. */
    endWaitingFactor: 2,
    /** A pipeline goes so many items ahead for each turn that it has had, */
    headStartItems: 2,
    /** for so many turns at most. */
    headStartTurnsMax: 2,
    /** Pipelines whose turns are remembered; an older one only loses its head start. */
    headStartPipelinesMax: 10_000,
    /** In tokens, a few long answers: a correction moves an account no further away from the clock. */
    settledTokensMax: 16_384,
    /** The part of a batch that runs with a command fill at most, while others wait. */
    commandShare: 1 / 2,
  },

  /** How what is given from outside is taken. These are the same for every pool and runtime. */
  given: {
    /** The least wait that is read from a provider's headers: less is a busy loop at 1,000 runs. */
    retryAfterMsMin: 1_000,
    /** The most: a longer wait is longer than a slot lives, and no provider means it. */
    retryAfterMsMax: 3_600_000,
    /** A charge is divided by its tenant's weight: near 0 one call would put the tenant behind the others for ever, and at 0 there is no number. */
    weightMin: 0.001,
    /** The largest weight of a tenant. */
    weightMax: 1_000,
    /** What a call sends is estimated before it is sent. Meant to be high: what was not used is given back. */
    charsPerToken: 4,
    /** Tokens of the answer to a call that names no bound. */
    outputTokens: 1_024,
  },

  /** When a call's result is committed before its turn: see result-keeper.ts. */
  keeping: {
    /** A call that took less than this is bought again for less than it costs to keep its result. */
    afterMs: 20,
    /** So many results at once go straight to their turns, if a batch can begin and no call waits for a slot. */
    directMax: 16,
    /** While more calls wait than are under way, results hold turns back for so long. */
    holdMsMax: 100,
    /** Results of one commit. */
    keptMax: 500,
  },

  /** How large batches of turns become: the first calls of a thousand runs must not wait for all turns. */
  batches: {
    /** Turns of the first batch after idleness, */
    turnsFirst: 48,
    /** and so many times more after a full batch, up to the replica's `turnsMax`. */
    growthFactor: 1.25,
    /** A batch is full from this part of its bound on: a group of starts that did not fit leaves it a little under. */
    fullShare: 0.9,
    /**
     * Turns of a batch while calls wait for slots that last: a larger one would keep this process from giving
     * slots on, only to hurry to calls that must queue.
     */
    besideQueueMax: 25,
    /** Slots last when their calls take this long; the slots of shorter calls are not what runs wait for: turns are. */
    lastingMs: 100,
    /** Turns that are computed in one go, which takes a few milliseconds: then answers and requests have theirs. */
    inOneGoMax: 8,
    /** Turns of one batch that are computed one after the other: their neighbours wait for them. */
    chainedMax: 200,
  },

  /** How calls that wait for a budget are looked at again. */
  budgets: {
    /** Between two looks. */
    lookMs: 1_000,
    /** Budgets of one read; a look takes as many reads as it needs, one after the other. */
    readMax: 1_000,
    /** Calls whose budgets one read asks for; each call has three. */
    callsReadMax: 300,
    /** Calls of one budget that one look examines: a call's cost differs by provider, and a look must not take long. */
    examinedMax: 2_000,
    /** Reasons that one look writes anew because their figures have changed. */
    toldMax: 200,
  },

  /** How a tenant's use is counted against its quotas. */
  quotas: {
    /** A count is used for so long. */
    freshMs: 1_000,
    /** Tenants whose counts are kept. */
    tenantsMax: 10_000,
    /** What a tenant is told to wait when its queue is full. */
    retryAfterMs: 1_000,
  },
};

type Values = typeof values;
export type CapacitySettings = { readonly [Group in keyof Values]: Readonly<Values[Group]> };

/** Some of them, by group; the others keep their values. */
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
