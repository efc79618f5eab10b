/** `heddle/client`: heddle's API from any program with `fetch`. */
export { createClient, type Client, type ClientOptions } from './client.ts';
export { HeddleRequestError, type Problem } from './problem.ts';
export type { AbortLike, ByteStream, FetchAnswer, FetchInit, FetchLike } from './fetch-like.ts';
export type { Agents } from './records/agents.ts';
export type { RunRecords } from './records/run-records.ts';
export type { Once, Runs, Waiting } from './runs.ts';
export type { Channels } from './records/channels.ts';
export type { EntryAddress, Memory } from './records/memory.ts';
export type { Operator } from './operator.ts';
export type { Questions } from './questions.ts';
export type * from './api-types.ts';
export type * from './types/questions.ts';
export type * from './types/agents.ts';
export type * from './types/lists.ts';
export type * from './types/past.ts';
export type * from './types/call.ts';
export type * from './types/listing.ts';
export type { StreamEvent, StreamOptions, Topic } from './stream.ts';
