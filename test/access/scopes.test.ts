/**
 * Which of the store's methods a caller can reach, and by which statements. A method that is added to the port
 * without a word here does not compile; a statement of a caller that does not filter by tenant fails.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { tenantScopeOf } from '../../src/access/principal.ts';
import { allTenants, checkAll, oneTenant, tenantIn } from '../../src/access/scopes.ts';
import type { OneTenant, TenantScope } from '../../src/domain/scope.ts';
import type { CallerStore } from '../../src/store/caller-port.ts';
import { createMemoryStore } from '../../src/store/memory/memory-store.ts';
import type { Store } from '../../src/store/port.ts';
import '../../src/store/postgres/postgres-store.ts';
import { statements } from '../../src/store/postgres/link/statement.ts';

/** The statements of a method that takes a scope. */
type Scoped = { readonly sql: readonly string[] };
/** Why no surface reaches a method that takes none. */
type Unreached = { readonly because: string };

const ofTheRuntime = 'the runtime asks it for its own shards, runs and calls';
const ofTokens = 'src/access alone asks it: it decides by it what a caller may do';
const ofProjection =
  'the runtime asks it for its own runs; one projection serves all clients of a replica, each within its scope';
const aboutNoTenant =
  'it is about replicas, agents, providers or the database, and no tenant has such rows';

const walkKinds = 'all outcome agent user pipeline code parent tag open end'.split(' ');
const listWalks = (shape: string, orders: readonly string[]): string[] =>
  orders.flatMap((order) => walkKinds.map((kind) => `list_${kind}_${order}_${shape}`));
const listProbes = [...statements.keys()].filter((name) => name.startsWith('list_probe_'));

const methods: {
  readonly [Name in keyof Store]: Name extends
    keyof CallerStore | 'runLogs' | 'runStates' | 'channelLogs'
    ? Scoped
    : Unreached;
} = {
  run: { sql: ['run_one'] },
  runs: { sql: ['runs_list'] },
  list: { sql: [...listWalks('line', ['newest', 'oldest']), ...listProbes] },
  facets: { sql: [...listWalks('brief', ['newest']), ...listProbes] },
  openCount: { sql: ['list_open_count'] },
  childrenOf: { sql: ['list_children'] },
  journal: { sql: ['journal_read', 'journal_read_end'] },
  checkpoint: { sql: ['checkpoint_read'] },
  attempts: { sql: ['attempts_read'] },
  conversation: { sql: ['conversations_read'] },
  timersOf: { sql: ['timers_of'] },
  questions: { sql: ['questions_run'] },
  openQuestions: { sql: ['questions_list'] },
  evaluations: { sql: ['evaluations_read'] },
  evaluationList: { sql: ['evaluations_list'] },
  evaluationTotals: { sql: ['evaluations_totals'] },
  addEvaluation: { sql: ['evaluation_add', 'evaluation_add_marked', 'requests_mark'] },
  lease: {
    sql: ['lease_group', 'lease_take', 'lease_take_marked', 'lease_again', 'requests_mark'],
  },
  acknowledge: { sql: ['lease_acknowledge', 'lease_acknowledge_marked'] },
  request: { sql: ['requests_now'] },
  claimRequest: { sql: ['requests_claim'] },
  renewClaim: { sql: ['requests_renew'] },
  answerRequest: { sql: ['requests_answer'] },
  dropRequest: { sql: ['requests_drop'] },
  requestParts: { sql: ['requests_parts'] },
  weaveOpen: { sql: ['weave_open'] },
  weaveEnded: { sql: ['weave_ended'] },
  statusTurns: { sql: ['weave_turns'] },
  otherAttempts: { sql: ['weave_attempts'] },
  renewLeases: { sql: ['lease_renew'] },
  channels: { sql: ['channels_list'] },
  groups: { sql: ['groups_list'] },
  userBudgets: { sql: ['budgets_users'] },
  memoryEntries: { sql: ['memory_list'] },
  memory: { sql: ['memory_read'] },
  storeImage: { sql: ['image_store'] },
  setBudget: { sql: ['budgets_set'] },
  budget: { sql: ['budgets_read'] },
  openRunsByVersion: { sql: ['agents_open_runs'] },
  audit: { sql: ['audit'] },
  auditRows: { sql: ['audit_rows'] },
  commit: {
    because: 'the library names the tenant of each arrival, which it found within the scope',
  },
  read: { because: ofTheRuntime },
  conversations: { because: ofTheRuntime },
  image: { because: ofTheRuntime },
  load: { because: ofTheRuntime },
  renew: { because: ofTheRuntime },
  release: { because: ofTheRuntime },
  pending: { because: ofTheRuntime },
  open: { because: ofTheRuntime },
  slots: {
    because: `${ofTheRuntime}; the library keeps those of the one run that it was asked about`,
  },
  timers: { because: ofTheRuntime },
  releaseDelayed: { because: ofTheRuntime },
  budgets: { because: ofTheRuntime },
  hasBudgets: {
    because:
      'the runtime asks it; /readyz sees by it that the database answers, and tells nothing of it',
  },
  usage: {
    because: 'admission counts by it what the quotas allow; circuits ask it in the process',
  },
  tenants: { because: 'circuits look by it for their own runs, in the process of the host' },
  prune: { because: ofTheRuntime },
  createToken: { because: ofTokens },
  tokenByHash: { because: ofTokens },
  tokens: { because: ofTokens },
  revokeToken: { because: ofTokens },
  registerAgents: { because: aboutNoTenant },
  agents: { because: aboutNoTenant },
  agent: { because: aboutNoTenant },
  runLogs: { sql: ['run_logs'] },
  runStates: { sql: ['run_states'] },
  channelLogs: { sql: ['channels_read'] },
  briefs: { because: ofProjection },
  openBriefs: { because: ofProjection },
  peers: { because: aboutNoTenant },
  replicas: { because: aboutNoTenant },
  connections: { because: 'it counts connections of this process and reads no row' },
  noteActivity: { because: ofTheRuntime },
  activityHistory: {
    because: 'it counts all tenants together; the library asks it for callers of all tenants alone',
  },
  providers: { because: aboutNoTenant },
  orderGates: { because: aboutNoTenant },
  gateOrders: { because: aboutNoTenant },
  providerTotals: { because: aboutNoTenant },
  activity: { because: aboutNoTenant },
  notify: { because: aboutNoTenant },
  listen: { because: aboutNoTenant },
  close: { because: aboutNoTenant },
};

/** Methods of callers whose first parameter is no scope: there is none. */
type Unscoped = {
  [Name in keyof CallerStore]: Parameters<CallerStore[Name]>[0] extends TenantScope ? never : Name;
}[keyof CallerStore];
const unscoped: readonly Unscoped[] = [] satisfies readonly never[];

/** What holds a table's rows, or those that are put into it, to the tenant that the statement was given. */
const filter = /\btenant'? = (\$1::text|i\.tenant\b)/;
const insert =
  /^\w+( as \w+)? \(tenant,[^)]*\)\s+(values \(|select |select i\.\*,[^;]* from unnest\()\$1::text\b/;
const filters = /\btenant'? = (\$1::text|i\.tenant\b)|(?<=values \(|select |unnest\()\$1::text/g;

/** Each table that the statement names, with what follows it up to the next one. */
function tablesOf(text: string): { readonly text: string; readonly isInsert: boolean }[] {
  // `refuse` is a function: it ends the transaction.
  const parts = text.split(/\bheddle\.(?!refuse\()(?=\w)/);
  return parts.slice(1).map((part, i) => {
    return { text: part, isInsert: /\binto\s+$/.test(parts[i] ?? '') };
  });
}

/** The tables that a statement reads or writes without a filter by the tenant. */
function unfiltered(text: string): string[] {
  // The rows of `i` are what the statement was given.
  const isGiven =
    !text.includes('i.tenant') || /unnest\(\$1::text\[\][^)]*\)[^)]*\bas i\(tenant,/.test(text);
  return tablesOf(text)
    .filter((table) => !isGiven || !(table.isInsert ? insert : filter).test(table.text))
    .map((table) => table.text.slice(0, 40));
}

const src = fileURLToPath(new URL('../../src/', import.meta.url));
const filesIn = (folder: string): string[] =>
  readdirSync(join(src, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => join(folder, file));
const textOf = (file: string): string => readFileSync(join(src, file), 'utf8');
const isScoped = (word: Scoped | Unreached): word is Scoped => 'sql' in word;

it('both stores have these methods and no others', () => {
  const {
    database: _,
    snapshot: __,
    restart: ___,
    endSession: ____,
    ...store
  } = createMemoryStore({
    nowMs: () => 0,
  });
  expect(Object.keys(store).sort()).toEqual(Object.keys(methods).sort());
  expect(unscoped).toEqual([]);
});

it.each(
  Object.entries(methods).flatMap(([name, word]) => (isScoped(word) ? [{ name, ...word }] : [])),
)('each statement of $name filters by tenant', ({ sql }) => {
  expect(sql).not.toEqual([]);
  for (const name of sql) {
    const text = statements.get(name)?.text ?? '';
    expect(tablesOf(text).length, name).toBeGreaterThan(0);
    expect(unfiltered(text), name).toEqual([]);
  }
});

it('a statement is found out that leaves out the filter of any one of its tables', () => {
  const texts = Object.values(methods)
    .flatMap((word) => (isScoped(word) ? word.sql : []))
    .map((name) => statements.get(name)?.text ?? '');
  for (const text of texts) {
    for (const [place, { 0: found, index }] of [...text.matchAll(filters)].entries()) {
      const without = text.slice(0, index) + text.slice(index + found.length);
      expect(unfiltered(without), `${place} in ${text}`).not.toEqual([]);
    }
  }
});

/** Methods that take no scope and that a surface asks all the same, each with its reason above. */
const askedBySurfaces = new Set([
  'hasBudgets',
  'slots',
  'briefs',
  'openBriefs',
  'connections',
  'peers',
  'replicas',
  'activityHistory',
  'providers',
  'providerTotals',
  'activity',
  'usage',
  'tenants',
  'agents',
  'agent',
  'close',
]);

it('a surface asks the store within a scope, or about no tenant', () => {
  const found = ['library', 'cli', 'circuits', 'api', 'client']
    .filter((folder) => readdirSync(src).includes(folder))
    .flatMap(filesIn)
    .flatMap((file) =>
      [...textOf(file).matchAll(/\b(?:store|reads)\.(\w+)\(/g)].map(([, name = '']) => ({
        file,
        name,
      })),
    )
    .filter(({ name }) => {
      const word = methods[name as keyof Store] as Scoped | Unreached | undefined;
      return word === undefined || !(isScoped(word) || askedBySurfaces.has(name));
    });
  expect(found).toEqual([]);
});

it('only src/access/scopes.ts makes a scope', () => {
  const makers = filesIn('.').filter((file) =>
    /\bas (unknown as )?(OneTenant|AllTenants|TenantScope)\b/.test(textOf(file)),
  );
  expect(makers).toEqual(['access/scopes.ts']);
});

it('a scope of one tenant has that tenant alone; the scope of all has whichever is named', () => {
  const acme: OneTenant = oneTenant('acme');
  expect(tenantIn(acme, undefined)).toBe(acme);
  expect(tenantIn(acme, 'acme')).toBe(acme);
  for (const tenant of ['other', 'default', 'nobody']) {
    expect(() => tenantIn(acme, tenant)).toThrow(
      expect.objectContaining({ code: 'tenant-refused', detail: { tenant } }),
    );
  }
  expect(tenantIn(allTenants, undefined)).toEqual(oneTenant('default'));
  expect(tenantIn(allTenants, 'other')).toEqual(oneTenant('other'));
  expect(() => tenantIn(allTenants, '', 'run.tenant')).toThrow(/run\.tenant/);
  expect(() => tenantIn(acme, 7 as never, 'run.tenant')).toThrow(/run\.tenant/);
  expect(() => checkAll(acme)).toThrow(expect.objectContaining({ code: 'tenants-all-needed' }));
  expect(() => checkAll(allTenants)).not.toThrow();
  expect(tenantScopeOf({ tenant: null })).toBe(allTenants);
  expect(tenantScopeOf({ tenant: 'acme' })).toEqual(acme);
});
