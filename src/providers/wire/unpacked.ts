/**
 * Unpacks bodies that come packed. heddle asks for plain ones, but gateways pack errors and streams all the
 * same, and some do not say so in a header. A body in plain text never begins like a packed one.
 */
import { pipeline, Readable, type Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';

const unpackers: Readonly<Record<string, () => Transform>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};

/** Whether a body with this header is packed; null when it is, in a way that heddle does not know. */
export function isPacked(encoding: string | null): boolean | null {
  const name = (encoding ?? '').trim().toLowerCase();
  if (name === '' || name === 'identity') return false;
  return Object.hasOwn(unpackers, name) ? true : null;
}

export function beginsPacked(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && (bytes.length === 1 || bytes[1] === 0x8b);
}

/** The chunks of a packed body, plain. They are unpacked one by one, as they are asked for. */
export function unpacked(
  chunks: AsyncIterable<Uint8Array>,
  encoding: string,
): AsyncIterator<Uint8Array> {
  const unpacker = (unpackers[encoding.trim().toLowerCase()] ?? createGunzip)();
  // The iterator below throws what goes wrong here.
  const plain = pipeline(Readable.from(chunks, { objectMode: false }), unpacker, () => undefined);
  return plain[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
}

/** A chunk that was read already, and then the others. */
export async function* withFirst(
  first: Uint8Array,
  rest: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  yield first;
  for (;;) {
    const { done, value } = await rest.next();
    if (done === true) return;
    yield value;
  }
}
