/**
 * Signatures as a vendor makes them: a signature tells which model wrote the block, in which answer and at
 * which place, and a digest of its text. So a request shows by itself whether reasoning came back unchanged,
 * in order and whole.
 */
import { createHash } from 'node:crypto';

export type Seal = {
  readonly model: string;
  /** Which answer. */
  readonly answer: string;
  /** Its place among the `of` blocks of reasoning of that answer, from 0. */
  readonly at: number;
  readonly of: number;
  /** Tool calls of that answer that came before it. */
  readonly calls: number;
  /** Null where the vendor shows no text. */
  readonly digest: string | null;
};

export const digestOf = (text: string): string =>
  createHash('sha256').update(text).digest('hex').slice(0, 16);

/** `text` null: the vendor keeps it to itself. */
export function sealed(seal: Omit<Seal, 'digest'>, text: string | null): string {
  const digest = text === null ? null : digestOf(text);
  const words = Buffer.from(JSON.stringify({ ...seal, digest })).toString('base64url');
  return `${words}.${digestOf(words)}`;
}

/** Null for a signature that no vendor made. */
export function unsealed(signature: string): Seal | null {
  const [words = '', check] = signature.split('.');
  if (digestOf(words) !== check) return null;
  return JSON.parse(Buffer.from(words, 'base64url').toString()) as Seal;
}
