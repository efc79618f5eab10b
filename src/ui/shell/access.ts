/**
 * Who asks, and for which tenant. On loopback nobody is asked for a token; elsewhere it is pasted once and kept for
 * this tab alone, in sessionStorage. The client is made anew when one of the two changes.
 */
import { computed, signal } from '@preact/signals';
import { createClient, type Client } from '../../client/index.ts';
import type { Access } from './ask/asker.ts';
import { apiAt } from './base.ts';

const tokenKey = 'heddle-token';
const tenantKey = 'heddle-tenant';

const token = signal(sessionStorage.getItem(tokenKey));
/** Null: that of the token, or `default`. */
export const tenant = signal(
  new URLSearchParams(location.search).get('tenant') || sessionStorage.getItem(tenantKey),
);
/** The API has refused to answer without a token, or with this one. */
export const isRefused = signal(false);
/** heddle does not know the token that this tab has. */
export const isUnknown = signal(false);

export const access = computed<Access>(() => ({
  url: apiAt,
  ...(token.value === null ? {} : { token: token.value }),
  ...(tenant.value === null ? {} : { tenant: tenant.value }),
}));

export const client = computed<Client>(() => createClient(access.value));

export function useToken(text: string): void {
  sessionStorage.setItem(tokenKey, text);
  isRefused.value = false;
  isUnknown.value = false;
  token.value = text;
}

export function useTenant(name: string | null): void {
  if (name === null || name === '') sessionStorage.removeItem(tenantKey);
  else sessionStorage.setItem(tenantKey, name);
  tenant.value = name === '' ? null : name;
}
