/**
 * The import rules, tried on small checkouts: a clean one passes, each seeded fault is caught by
 * the rule that is there for it, and a checkout in which nothing was read does not pass.
 */
import { spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';

const repository = fileURLToPath(new URL('..', import.meta.url));

/** One file per room with the imports that it may have. */
const clean: Readonly<Record<string, string>> = {
  'src/domain/word.ts': 'export type Word = string',
  'src/access/scopes.ts': "import '../domain/word.ts'",
  'src/kernel/step.ts': "import '../domain/word.ts'; import 'xstate'",
  'src/schema/compile-schema.ts':
    "import '../domain/word.ts'; import 'node:vm'; import 'ajv'; import 'ajv-formats'",
  'src/store/port.ts':
    "export type { Word } from '../domain/word.ts'; export type { State } from '../../machines/run.ts'",
  'src/store/postgres/link/link.ts':
    "import '../../port.ts'; import 'pg'; import 'rxjs'; import 'node:net'",
  'src/store/postgres/tables/writes.ts': "import '../link/link.ts'; import 'node:crypto'",
  'src/store/postgres/reads/lists.ts': "import '../link/link.ts'; import '../../port.ts'",
  'src/store/postgres/commit/plan.ts': "import '../tables/writes.ts'; import '../link/link.ts'",
  'src/store/postgres/query.ts':
    "import './commit/plan.ts'; import './reads/lists.ts'; import '../port.ts'; import 'node:fs/promises'",
  'src/store/memory/twin.ts': "import '../port.ts'; import '../../domain/word.ts'",
  'src/store/embedded/start.ts': "import 'node:child_process'",
  'src/queue/recent-keys.ts': "import '../domain/word.ts'",
  'src/providers/port.ts': "import '../domain/word.ts'",
  'src/providers/history/fit-history.ts': "import '../../domain/word.ts'",
  'src/providers/capacity/pool.ts':
    "import '../port.ts'; import '../../queue/recent-keys.ts'; import '../../../machines/run.ts'; import 'xstate'",
  'src/providers/stub/stub-answer.ts': "import '../../domain/word.ts'",
  'src/providers/stub/stub.ts':
    "import './stub-answer.ts'; import '../port.ts'; import '../../queue/recent-keys.ts'; import 'node:timers/promises'",
  'src/emulators/wire.ts':
    "import '../domain/word.ts'; import '../providers/stub/stub-answer.ts'; import 'fastify'; import 'node:http'",
  'src/providers/wire/sockets/connections.ts': "import '../../port.ts'; import 'undici'",
  'src/providers/anthropic/sdk-clients.ts':
    "import '../wire/sockets/connections.ts'; import '@anthropic-ai/sdk'",
  'src/providers/ollama/ollama.ts':
    "import '../wire/sockets/connections.ts'; import 'ollama'; import 'node:crypto'",
  'src/providers/openai/openai-compatible.ts':
    "import '../wire/sockets/connections.ts'; import '../port.ts'; import 'node:crypto'",
  'src/runtime/ports.ts': "import '../kernel/step.ts'; import '../store/port.ts'",
  'src/runtime/host/host-code.ts': "import '../ports.ts'; import 'rxjs'",
  'src/runtime/turn/fold.ts': "import '../ports.ts'; import '../../kernel/step.ts'",
  'src/runtime/wake/run-queue.ts':
    "import '../turn/fold.ts'; import '../../queue/recent-keys.ts'; import 'rxjs'",
  'src/runtime/calls/calls.ts':
    "import '../wake/run-queue.ts'; import '../host/host-code.ts'; import '../../providers/capacity/pool.ts'; import '../../providers/history/fit-history.ts'",
  'src/runtime/tasks/tasks.ts': "import '../calls/calls.ts'; import 'node:async_hooks'",
  'src/runtime/batch/committer.ts': "import '../tasks/tasks.ts'; import '../calls/calls.ts'",
  'src/runtime/ownership/ownership.ts': "import '../batch/committer.ts'; import '../ports.ts'",
  'src/runtime/runtime.ts': "import './ownership/ownership.ts'; import '../store/port.ts'",
  'src/library/library.ts':
    "import '../access/scopes.ts'; import '../runtime/runtime.ts'; import '../store/port.ts'; import 'rxjs'; import '../schema/compile-schema.ts'; import type { Any } from 'xstate'; export type A = Any",
  'src/heddle.ts':
    "import './library/library.ts'; import './store/postgres/query.ts'; import './store/embedded/start.ts'; import './providers/stub/stub.ts'; import './runtime/runtime.ts'",
  'src/index.ts':
    "import './heddle.ts'; import './providers/ollama/ollama.ts'; import './library/library.ts'",
  'src/testing/index.ts':
    "import '../library/library.ts'; import '../runtime/runtime.ts'; import '../store/memory/twin.ts'; import 'node:timers'",
  'src/client/runs.ts': "import './transport.ts'",
  'src/client/transport.ts': 'export type Transport = string',
  'src/circuits/work.ts':
    "import '../index.ts'; import '../emulators/wire.ts'; import '../../machines/agents/editor.ts'; import type { Word } from '../store/port.ts'; export type W = Word",
  'src/cli/main.ts':
    "import '../circuits/work.ts'; import '../heddle.ts'; import '../library/library.ts'; import '../emulators/wire.ts'; import 'commander'",
  'machines/run.ts': "import 'xstate'; import '../src/domain/word.ts'; export type State = 'on'",
  'machines/agents/editor.ts': "import '../../src/index.ts'; import 'xstate'",
  'machines/examples/greeter.ts':
    "import '../../src/index.ts'; import 'xstate'; import { z } from 'zod'",
  'test/all.test.ts': "import '../src/store/postgres/query.ts'; import 'fast-check'",
};

/** File, what it imports, and the rule that must say no. */
const faults = [
  ['src/domain/a.ts', '../kernel/step.ts', 'src/domain/ imports only'],
  ['src/domain/b.ts', 'xstate', 'src/domain/ imports only'],
  ['src/domain/c.ts', 'node:crypto', 'src/domain/ imports only'],
  ['src/access/a.ts', '../runtime/runtime.ts', 'src/access/ imports only'],
  ['src/runtime/scoped.ts', '../access/scopes.ts', 'src/runtime/(?!'],
  ['src/kernel/a.ts', '../store/port.ts', 'src/kernel/ imports only'],
  ['src/kernel/b.ts', 'node:fs', 'src/kernel/ imports only'],
  ['src/kernel/c.ts', 'rxjs', 'src/kernel/ imports only'],
  ['src/kernel/d.ts', '../schema/compile-schema.ts', 'src/kernel/ imports only'],
  ['machines/a.ts', '../src/runtime/turn.ts', 'machines/[^/]+'],
  ['machines/b.ts', './agents/editor.ts', 'machines/[^/]+'],
  ['machines/agents/a.ts', '../../src/heddle.ts', 'machines/agents/ imports only'],
  ['machines/agents/b.ts', '../../src/domain/word.ts', 'machines/agents/ imports only'],
  ['machines/agents/c.ts', 'pg', 'machines/agents/ imports only'],
  ['machines/examples/a.ts', '../agents/editor.ts', 'machines/examples/ imports only'],
  ['machines/examples/b.ts', '../../src/heddle.ts', 'machines/examples/ imports only'],
  ['machines/examples/c.ts', 'rxjs', 'machines/examples/ imports only'],
  ['src/store/a.ts', 'pg', 'src/store/((ports|requests)/)?[^/]+'],
  ['src/library/z.ts', 'xstate', 'the library knows charts by their types alone'],
  ['src/store/b.ts', '../../machines/run.ts', 'the store knows charts by their types alone'],
  ['src/store/postgres/a.ts', '../memory/twin.ts', 'src/store/postgres/[^/]+'],
  ['src/store/postgres/b.ts', '../../runtime/runtime.ts', 'src/store/postgres/[^/]+'],
  ['src/store/postgres/link/a.ts', '../tables/writes.ts', 'src/store/postgres/link/ imports only'],
  [
    'src/store/postgres/tables/a.ts',
    '../commit/plan.ts',
    'src/store/postgres/tables/ imports only',
  ],
  ['src/store/postgres/tables/b.ts', 'pg', 'src/store/postgres/tables/ imports only'],
  [
    'src/store/postgres/reads/a.ts',
    '../tables/writes.ts',
    'src/store/postgres/reads/ imports only',
  ],
  [
    'src/store/postgres/commit/a.ts',
    '../reads/lists.ts',
    'src/store/postgres/commit/ imports only',
  ],
  ['src/store/postgres/commit/b.ts', 'pg', 'src/store/postgres/commit/ imports only'],
  ['src/store/memory/a.ts', '../postgres/query.ts', 'src/store/memory/ imports only'],
  ['src/store/memory/b.ts', 'node:timers', 'src/store/memory/ imports only'],
  ['src/store/embedded/a.ts', 'rxjs', 'src/store/embedded/ imports only'],
  ['src/queue/a.ts', '../providers/port.ts', 'src/queue/ imports only'],
  ['src/queue/b.ts', 'xstate', 'src/queue/ imports only'],
  ['src/providers/port-a.ts', '../kernel/step.ts', 'src/providers/[^/]+'],
  ['src/providers/port-b.ts', './capacity/pool.ts', 'src/providers/[^/]+'],
  ['src/providers/capacity/a.ts', '../stub/stub.ts', 'src/providers/capacity/ imports only'],
  ['src/providers/capacity/b.ts', '../../kernel/step.ts', 'src/providers/capacity/ imports only'],
  ['src/providers/capacity/c.ts', 'node:timers', 'src/providers/capacity/ imports only'],
  ['src/providers/history/a.ts', '../port.ts', 'src/providers/history/ imports only'],
  ['src/providers/history/b.ts', '../../kernel/step.ts', 'src/providers/history/ imports only'],
  ['src/providers/wire/a.ts', '../capacity/pool.ts', 'src/providers/wire/ imports only'],
  ['src/providers/anthropic/a.ts', '../ollama/ollama.ts', 'src/providers/anthropic/ imports only'],
  ['src/providers/anthropic/b.ts', 'ollama', 'src/providers/anthropic/ imports only'],
  ['src/providers/ollama/a.ts', '../capacity/pool.ts', 'src/providers/ollama/ imports only'],
  ['src/providers/openai/a.ts', '../ollama/ollama.ts', 'src/providers/openai/ imports only'],
  ['src/providers/openai/b.ts', 'undici', 'src/providers/openai/ imports only'],
  ['src/providers/stub/a.ts', '../../kernel/step.ts', 'src/providers/stub/ imports only'],
  ['src/providers/stub/b.ts', '../wire/sockets/connections.ts', 'src/providers/stub/ imports only'],
  ['src/emulators/a.ts', '../providers/port.ts', 'src/emulators/ imports only'],
  ['src/emulators/b.ts', '../runtime/runtime.ts', 'src/emulators/ imports only'],
  ['src/emulators/c.ts', '../store/port.ts', 'src/emulators/ imports only'],
  ['src/emulators/d.ts', 'pg', 'src/emulators/ imports only'],
  ['src/emulators/e.ts', '../providers/stub/stub.ts', 'src/emulators/ imports only'],
  ['src/providers/wire/b.ts', 'ollama', 'an SDK is known to its adapter alone'],
  ['src/providers/anthropic/c.ts', '@anthropic-ai/sdk', 'an SDK is known to its adapter alone'],
  ['src/providers/ollama/ollama.ts', 'undici', 'sockets are opened in one place'],
  ['src/runtime/a.ts', 'pg', 'src/runtime/(?!'],
  ['src/runtime/b.ts', './batch/committer.ts', 'src/runtime/(?!'],
  ['src/runtime/host/a.ts', '../turn/fold.ts', 'src/runtime/host/ imports only'],
  ['src/schema/a.ts', '../kernel/step.ts', 'src/schema/ imports only'],
  ['src/schema/b.ts', 'node:fs', 'src/schema/ imports only'],
  ['src/library/d.ts', 'ajv', 'src/library/ imports only'],
  ['src/runtime/turn/a.ts', '../wake/run-queue.ts', 'src/runtime/turn/ imports only'],
  ['src/runtime/turn/b.ts', '../host/host-code.ts', 'src/runtime/turn/ imports only'],
  ['src/runtime/wake/a.ts', '../calls/calls.ts', 'src/runtime/wake/ imports only'],
  ['src/runtime/wake/b.ts', '../../providers/port.ts', 'src/runtime/wake/ imports only'],
  ['src/runtime/calls/a.ts', '../tasks/tasks.ts', 'src/runtime/calls/ imports only'],
  ['src/runtime/calls/b.ts', '../../providers/stub/stub.ts', 'src/runtime/calls/ imports only'],
  ['src/runtime/tasks/a.ts', '../batch/committer.ts', 'src/runtime/tasks/ imports only'],
  ['src/runtime/batch/a.ts', '../ownership/ownership.ts', 'src/runtime/batch/ imports only'],
  ['src/runtime/batch/b.ts', '../../store/memory/twin.ts', 'src/runtime/batch/ imports only'],
  ['src/runtime/ownership/a.ts', '../runtime.ts', 'src/runtime/ownership/ imports only'],
  ['src/runtime/ownership/b.ts', 'pg', 'src/runtime/ownership/ imports only'],
  ['src/runtime/rooms.ts', '../store/embedded/start.ts', 'src/runtime/(runtime|rooms'],
  ['src/runtime/closing.ts', '../../machines/agents/editor.ts', 'src/runtime/(runtime|rooms'],
  ['src/client/a.ts', '../domain/word.ts', 'src/client/ imports only'],
  ['src/client/b.ts', 'node:events', 'src/client/ imports only'],
  ['src/testing/a.ts', '../store/postgres/query.ts', 'src/testing/ imports only'],
  ['src/testing/b.ts', '../heddle.ts', 'src/testing/ imports only'],
  ['src/testing/c.ts', 'pg', 'src/testing/ imports only'],
  ['src/testing/d.ts', 'node:fs', 'src/testing/ imports only'],
  ['src/runtime/g.ts', '../testing/index.ts', 'src/runtime/(?!'],
  ['src/circuits/a.ts', 'pg', 'src/circuits/ imports only'],
  ['src/circuits/b.ts', '../runtime/runtime.ts', 'src/circuits/ imports only'],
  ['src/circuits/c.ts', '../store/port.ts', 'circuits know the store by its types alone'],
  ['src/cli/a.ts', 'pg', 'src/cli/ imports only'],
  ['src/cli/b.ts', '../store/port.ts', 'src/cli/ imports only'],
  ['src/index.ts', './store/postgres/query.ts', 'src/index'],
  ['src/heddle.ts', './circuits/work.ts', 'src/heddle'],
  ['src/library/a.ts', '../store/postgres/query.ts', 'src/library/ imports only'],
  ['src/library/b.ts', '../providers/stub/stub.ts', 'src/library/ imports only'],
  ['src/library/c.ts', '../kernel/step.ts', 'src/library/ imports only'],
  ['src/extra/a.ts', '../domain/word.ts', 'every room has a row'],
  ['src/store/postgres/c.ts', '../../../test/all.test.ts', 'nothing imports a test'],
  ['src/kernel/d.ts', './no-such-file.ts', 'every import leads somewhere'],
  ['src/cli/c.ts', 'fast-check', 'src and machines import no devDependency'],
  ['src/kernel/circle.ts', './circle-back.ts', 'no cycles'],
  ['src/kernel/circle-back.ts', './circle.ts', 'no cycles'],
] as const;

const made: string[] = [];
afterEach(async () => {
  for (const folder of made.splice(0)) await rm(folder, { recursive: true, force: true });
});

/** A checkout with these files, stubs for the packages that they name, and the real manifest. */
async function checkout(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'heddle-imports-'));
  made.push(folder);
  const all: Record<string, string> = { ...files, 'tsconfig.json': '{}' };
  for (const name of [
    'xstate',
    'pg',
    'rxjs',
    'commander',
    'fastify',
    'fast-check',
    'undici',
    'ajv',
    'ajv-formats',
    'ollama',
    '@anthropic-ai/sdk',
    'zod',
  ]) {
    all[`node_modules/${name}/package.json`] = JSON.stringify({ name, exports: './index.js' });
    all[`node_modules/${name}/index.js`] = '';
  }
  for (const [file, content] of Object.entries(all)) {
    await mkdir(join(folder, dirname(file)), { recursive: true });
    await writeFile(join(folder, file), `${content}\n`);
  }
  await cp(join(repository, 'package.json'), join(folder, 'package.json'));
  return folder;
}

async function check(
  folder: string,
  nodeFlags: readonly string[] = [],
): Promise<{ code: number | null; output: string }> {
  const script = join(repository, '.config/check-imports.mjs');
  const child = spawn(process.execPath, [...nodeFlags, script, folder], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('close', resolve);
    child.on('error', reject);
  });
  return { code, output };
}

describe('the import rules', () => {
  it('pass a checkout that keeps them', async () => {
    const { code, output } = await check(await checkout(clean));
    expect(output).toContain('no dependency violations');
    expect(code).toBe(0);
  });

  it('catch every seeded fault', async () => {
    const files: Record<string, string> = { ...clean };
    for (const [file, target] of faults) files[file] = `${files[file] ?? ''}; import '${target}'`;
    const { code, output } = await check(await checkout(files));
    const findings = output.split('\n').filter((line) => line.trim().startsWith('error '));
    const missed = faults.filter(
      ([file, , rule]) =>
        !findings.some((line) => line.includes(rule) && line.includes(`${file} →`)),
    );
    expect(missed, output).toEqual([]);
    expect(code).toBe(1);
  });

  it('fail where there is nothing to check', async () => {
    const { code, output } = await check(
      await checkout({ 'src/a.md': '', 'machines/a.md': '', 'test/a.md': '' }),
    );
    expect(output).toContain('no file to check');
    expect(code).toBe(1);
  });

  it('fail where TypeScript cannot be read, though no fault was found', async () => {
    const folder = await checkout(clean);
    const hook = join(folder, 'no-typescript.cjs');
    await writeFile(
      hook,
      `const modules = require('node:module');
       const resolve = modules._resolveFilename;
       modules._resolveFilename = function (name, ...rest) {
         if (name === 'typescript') throw Object.assign(new Error(name), { code: 'MODULE_NOT_FOUND' });
         return resolve.call(this, name, ...rest);
       };`,
    );
    const { code, output } = await check(folder, ['--require', hook]);
    expect(output).toContain('0 modules');
    expect(output).toContain('not cruised: src/runtime/runtime.ts');
    expect(code).toBe(1);
  });
});
