/**
 * A success as the SDKs read it: a status, headers, and a body that is pulled chunk by chunk.
 *
 * It stands in for a `Response` over a `ReadableStream`, which takes a tenth to a third of the time
 * that a call costs this process and shows the SDKs nothing that they look at. What they do look at is here:
 * a body as an iterable (Anthropic's) or with a reader (Ollama's), which may be read once.
 *
 * 1. Nothing is read ahead: a chunk is pulled when the SDK asks for it, and not before.
 */
/** Made with the first answer: the class alone loads all of Node's own `fetch`. */
let headers: Headers | undefined;

export function streamedAnswer(next: () => Promise<Uint8Array | null>): Response {
  const read = async (): Promise<IteratorResult<Uint8Array, undefined>> => {
    const value = await next();
    return value === null ? { done: true, value: undefined } : { done: false, value };
  };
  // Who stops reading early has its exchange cut, or drained, when the attempt ends.
  const over = { done: true, value: undefined } as const;
  const body = {
    [Symbol.asyncIterator]: () => ({ next: read, return: async () => Promise.resolve(over) }),
    getReader: () => ({ read, releaseLock: () => undefined }),
  };
  headers ??= new Headers();
  const answer = { ok: true, status: 200, url: '', headers, body };
  // A part of what the type promises, and all that is read of it: the adapters' tests go through
  // both SDKs, and an SDK that read more would fail them.
  return answer as unknown as Response;
}
