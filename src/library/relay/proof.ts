/**
 * How replicas of one database know each other: by the secret that the database keeps. It is never sent. Each
 * side proves that it knows it, for one other replica and one connection, so that a stranger at an address that
 * was a replica's learns nothing.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { ReplicaId } from '../../domain/ids.ts';

/** A proof is good for so long before and after its time, which is the database's. */
const timelyMs = 300_000;

export const proofHeader = 'heddle-relay';

type Claim = {
  readonly to: ReplicaId;
  readonly atMs: number;
  readonly nonce: string;
};

export const newNonce = (): string => randomBytes(16).toString('hex');

/** What the one that asks sends along. */
export function proofOf(secret: string, claim: Claim): string {
  const { to, atMs, nonce } = claim;
  return `v1 ${to} ${Math.floor(atMs)} ${nonce} ${signed(secret, 'asks', claim)}`;
}

/** What a proof that is for this replica and right claims; null otherwise. It may be an old one: see `isTimely`. */
export function claimOf(
  proof: unknown,
  of: { readonly secret: string; readonly self: ReplicaId },
): Claim | null {
  const [version, to, at, nonce, mac] = typeof proof === 'string' ? proof.split(' ') : [];
  if (version !== 'v1' || to !== of.self || nonce === undefined || mac === undefined) return null;
  const claim = { to: of.self, atMs: Number(at), nonce };
  return isSame(mac, signed(of.secret, 'asks', claim)) ? claim : null;
}

/** False: somebody may have kept the proof and sends it again. */
export const isTimely = ({ atMs }: Claim, nowMs: number): boolean =>
  Math.abs(nowMs - atMs) <= timelyMs;

/** What the one that was asked answers with. */
export function answerOf(secret: string, claim: Omit<Claim, 'atMs'>): string {
  return signed(secret, 'answers', { ...claim, atMs: 0 });
}

export function isAnswer(answer: unknown, secret: string, claim: Omit<Claim, 'atMs'>): boolean {
  return typeof answer === 'string' && isSame(answer, answerOf(secret, claim));
}

function signed(secret: string, role: string, { to, atMs, nonce }: Claim): string {
  // Whoever knew an empty secret would know nothing.
  if (secret.length < 32) throw new TypeError('the relay has no secret');
  const text = [role, to, Math.floor(atMs), nonce].join(' ');
  return createHmac('sha256', secret).update(text).digest('hex');
}

function isSame(given: string, right: string): boolean {
  const a = Buffer.from(given);
  const b = Buffer.from(right);
  return a.length === b.length && timingSafeEqual(a, b);
}
