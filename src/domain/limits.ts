/** Every bound of heddle that is not a setting of one replica. Units stand last in the name. */
export const limits = {
  /** Nesting of any JSON value; JSON.stringify itself overflows near 4,150 levels. */
  jsonDepthMax: 64,
  /** One message, memory value, input, event, task or model result. */
  payloadBytesMax: 1_048_576,
  /** One JSON Schema: of a question, of a tool's arguments, of an answer. */
  schemaBytesMax: 65_536,
  /** Turns of a run between two checkpoints of its state. */
  checkpointTurns: 200,
  /** What a run's journal may hold in turns of `checkpointLineCharsMin` and more before the next checkpoint. */
  checkpointCharsMax: 4_194_304,
  /** Smaller turns are not counted: 200 of them are few megabytes. */
  checkpointLineCharsMin: 16_384,
  /** The definition of an agent as JSON; a larger one is not stored. */
  definitionBytesMax: 131_072,
  /** The schemas of an agent, of its input and of all its events, as JSON. */
  agentSchemasBytesMax: 131_072,
  /** Events of an agent that have a schema. */
  eventSchemasMax: 256,
  /** The error of a task, provider or chart, as JSON in its error event. */
  thrownBytesMax: 65_536,
  /** One run's context with everything that it holds open. */
  snapshotBytesMax: 4_194_304,
  /** Names: agents, channels, groups, keys, tenants, users, pipelines. */
  nameCharsMax: 256,
  /** Tags of one run. */
  tagsMax: 16,
  /** One tag. */
  tagCharsMax: 64,
  /** One conversation of a run with a model, all its messages as JSON. */
  conversationCharsMax: 4_194_304,
  /** Messages of one conversation. */
  conversationMessagesMax: 10_000,
  /** Conversations that one run may hold. */
  conversationsMax: 64,
  /** Parts of one message of a conversation. */
  messagePartsMax: 1_000,
  /** What a provider's last fault says: a host's own provider may say more. */
  faultCharsMax: 1_000,
  /** Attempts of provider calls that are kept for one run, beside those in its journal: the newest. */
  attemptsOfRunMax: 1_000,
  /** An image of more bytes does not stay in the row of its message. */
  imageInlineBytesMax: 262_144,
  /** One image. */
  oneImageBytesMax: 20_971_520,
  /** Images that one conversation has brought along. */
  conversationImageBytesMax: 33_554_432,
  /** Images that are read for one call. */
  callImageBytesMax: 33_554_432,
  /** How long an image that no run uses is kept at least. */
  imageKeptMsMin: 86_400_000,
  /** Texts at which a model stops. */
  stopSequencesMax: 16,
  /** Channels that one receive may wait on. */
  receiveChannelsMax: 64,
  /** Messages that one receive may ask for. */
  receiveMessagesMax: 1_000,
  /** Microsteps of one event before an `always` cycle is declared, unless the chart sets another number. */
  iterationsMax: 1_000,
  /** The largest `maxIterations` that a chart may set: a cycle blocks the process until then. */
  iterationsCeiling: 100_000,
  /** Effects on heddle's own state that one turn may carry out before it must wait. */
  turnEffectsMax: 1_000,
  /** Events that one turn takes; the rest wait for the next turn, in order. */
  turnEventsMax: 100,
  /** Idempotency keys of sends that are kept for one run: the newest. */
  sendKeysMax: 1_000,
  /** How long such a key is kept. */
  sendKeyMs: 86_400_000,
  /** How long who asks for a change over HTTP waits for a store that does not answer. */
  answerMsMax: 30_000,
  /** How long a request's idempotency key is known. */
  requestKeyMs: 86_400_000,
  /** How long a claim on a request's key lasts unless its holder renews it: less than a client tries again. */
  requestClaimMs: 10_000,
  /** How long a holder renews its claim at most: work that takes longer hangs. */
  requestClaimMsMax: 600_000,
  /** The largest answer that is kept for a claimed request. */
  requestAnswerCharsMax: 1_048_576,
  /** Invocations that one run may hold open. */
  invocationsMax: 256,
  /** Generations of one family: a child of a child of a child. */
  generationsMax: 200,
  /** Providers that one call may name in its order of preference. */
  generateProvidersMax: 16,
  /** Calls of one provider that may be under way at once: a slot is a row. */
  providerCeilingMax: 100_000,
  /** The longest pause before an attempt of a task, however many have failed: an hour. */
  backoffMsMax: 3_600_000,
  /** Attempts of a task that may end with their process, unless its policy allows more. */
  lostAttemptsMax: 10,
  /** The longest pause before a task begins again whose attempts have ended with their process more than once. */
  lostPauseMsMax: 5_000,
  /** The reason for which a run is cancelled, paused or resumed. */
  reasonCharsMax: 4_000,
  /** Delays: about ten years. */
  delayMsMax: 315_360_000_000,
} as const;
