/** What went wrong between heddle and a provider, in words for the person who has to mend it. */
import type { Breakage } from '../../classification.ts';

const breakageTexts: Readonly<Record<Breakage, string>> = {
  unreachable: 'cannot be reached',
  cut: 'cut its answer short',
  idle: 'sent nothing for too long',
  deadline: 'did not come to an end in time',
  unreadable: 'sent what its protocol does not know',
  'context-overflow': 'cut the prompt to make it fit',
  'too-large': 'sent too much',
};

const codeTexts: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'the name of the host cannot be looked up now',
  EHOSTUNREACH: 'no way leads to that host',
  ENETUNREACH: 'no way leads to that host',
  ETIMEDOUT: 'no connection in time',
  UND_ERR_CONNECT_TIMEOUT: 'no connection in time',
  EPROTO: 'TLS failed: perhaps the address begins with http://',
  ERR_SSL_WRONG_VERSION_NUMBER: 'no TLS there: perhaps the address begins with http://',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'no TLS there: perhaps the address begins with http://',
  CERT_HAS_EXPIRED: 'TLS failed: its certificate has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'TLS failed: its certificate is for another host',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'TLS failed: its certificate is signed by itself',
  SELF_SIGNED_CERT_IN_CHAIN: 'TLS failed: its certificate is signed by an unknown authority',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'TLS failed: its certificate is signed by an unknown authority',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    'TLS failed: its certificate is signed by an unknown authority',
};

/** How an attempt broke, and by what. */
export function brokenText(breakage: Breakage, error: unknown, page: string | null): string {
  const reason = reasonIn(error);
  const words = breakage === 'unreachable' ? wordsOf(reason) : page;
  const more = words === null ? '' : `: ${words}`;
  return `the provider ${breakageTexts[breakage]}${more} (${reason})`;
}

function wordsOf(code: string): string | null {
  if (Object.hasOwn(codeTexts, code)) return codeTexts[code] ?? null;
  if (/^(ERR_TLS_|ERR_SSL_|CERT_|UNABLE_TO_)/.test(code)) return 'TLS failed';
  return code.startsWith('HPE_') ? 'no HTTP there: perhaps the address begins with https://' : null;
}

/** The code of the deepest cause, such as ECONNREFUSED; else its message. */
export function reasonIn(error: unknown): string {
  let cause = error;
  for (let depth = 0; depth < 5; depth++) {
    if (!(cause instanceof Error) || cause.cause === undefined) break;
    cause = cause.cause;
  }
  if (!(cause instanceof Error)) return 'no reason given';
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message;
}

const pageCharsMax = 120;

/** A page of HTML in a few words, by its title or else its text; null for any other text. */
export function pageText(body: string): string | null {
  if (!/^\s*(<!doctype html|<html|<head|<body|<h1|<center)/i.test(body.slice(0, 1_000)))
    return null;
  const title = /<title[^>]*>([^<]*)/i.exec(body)?.[1]?.trim() ?? '';
  const text = body
    .replaceAll(/<(style|script)[^>]*>[^]*?<\/\1>/gi, ' ')
    .replaceAll(/<[^>]*>/g, ' ');
  const said = (title === '' ? text : title).replaceAll(/\s+/g, ' ').trim().slice(0, pageCharsMax);
  const what = 'a page of HTML, which comes from a gateway and not from the API';
  return said === '' ? what : `${what}: ${said}`;
}

/** Where a redirect leads, without what may be secret in an address; null when that cannot be read. */
export function redirectText(location: string | null, from: string): string | null {
  if (location === null || !URL.canParse(location, from)) return null;
  const { origin, pathname } = new URL(location, from);
  return `it sends to ${origin}${pathname}, and heddle follows no redirect: give the right baseUrl`;
}
