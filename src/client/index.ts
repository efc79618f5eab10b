/** `heddle/client`: heddle's API from any program with `fetch`. */
export { createClient, type Client, type ClientOptions } from './client.ts';
export { HeddleRequestError, type Problem } from './problem.ts';
export type { AbortLike, ByteStream, FetchAnswer, FetchInit, FetchLike } from './fetch-like.ts';
export type { Once, Runs, Waiting } from './runs.ts';
export type { Channels } from './channels.ts';
export type { EntryAddress, Memory } from './memory.ts';
export type { Operator } from './operator.ts';
export type { Questions } from './questions.ts';
export type * from './api-types.ts';
export type * from './types/questions.ts';
export type { StreamEvent, StreamOptions, Topic } from './stream.ts';
