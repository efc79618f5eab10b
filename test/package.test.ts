/** The package as a user gets it: packed, installed in an empty folder, the README's example run. */
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify, stripVTControlCharacters } from 'node:util';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { builtPages } from './support/built-pages.ts';
import { testDatabase } from './support/postgres.ts';
import { compileConsumer } from './types/compile-consumer.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('..', import.meta.url));
const tsc = join(root, 'node_modules/typescript/bin/tsc');
const url = await testDatabase();
let folder = '';

/** Without DATABASE_URL and without vitest's conditions: what a newcomer's shell has. */
function env(): NodeJS.ProcessEnv {
  const { DATABASE_URL: _, NODE_OPTIONS: __, ...rest } = process.env;
  return { ...rest, NODE_ENV: undefined };
}

/**
 * The path of a package made of this checkout; `.ci/run` has made one already. What `prepack` does is done here, but
 * for the pages, which a run of the tests builds once.
 */
async function pack(): Promise<string> {
  await builtPages();
  for (const made of ['src', 'machines']) {
    await rm(join(root, 'dist', made), { recursive: true, force: true });
  }
  await run(process.execPath, [tsc, '-p', '.config/tsconfig.build.json'], { cwd: root });
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder];
  const packed = await run('npm', args, { cwd: root });
  const [{ filename } = { filename: '' }] = JSON.parse(
    packed.stdout.slice(packed.stdout.indexOf('[')),
  ) as { filename: string }[];
  return join(folder, filename);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'heddle-package-'));
  const packed = process.env['HEDDLE_PACKED'] ?? (await pack());
  await writeFile(join(folder, 'package.json'), JSON.stringify({ type: 'module', private: true }));
  const { dependencies } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
    dependencies: { zod: string };
  };
  const packages = [packed, `zod@${dependencies.zod}`];
  await run('npm', ['install', '--prefer-offline', '--ignore-scripts', ...packages], {
    cwd: folder,
  });
}, 300_000);

afterAll(async () => {
  await run('npx', ['heddle', 'postgres', 'stop'], { cwd: folder, env: env() }).catch(() => null);
  await rm(folder, { recursive: true, force: true });
});

it('runs the ten-line example of the README', { timeout: 120_000 }, async () => {
  const readme = await readFile(join(root, 'README.md'), 'utf8');
  const example = /## A durable agent[\s\S]*?```js\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
  expect(example).toContain('createHeddle');
  await writeFile(join(folder, 'example.js'), example);
  const { stdout } = await run(process.execPath, ['example.js'], { cwd: folder, env: env() });
  expect(stdout.trim().length).toBeGreaterThan(20);
});

/** A model that weighs once and says what it read; the scales, which the page leaves open. */
const around = {
  before: `import { createHeddle } from 'heddle';
const scales = async (yarn) => ({ grams: yarn.length });
`,
  after: `
const usage = { inputTokens: 1, outputTokens: 1 };
const says = { stopReason: 'end', usage, provider: 'model', model: 'm', toolCalls: [] };
const call = async ({ input: { messages, tools } }) => {
  const results = messages.filter(({ role }) => role === 'tool');
  const { properties } = tools.find(({ name }) => name === 'weigh').inputSchema;
  const inputs = [{ yarn: 5 }, { yarn: 'merino' }];
  const input = inputs[results.length];
  if (input === undefined) return { ...says, text: JSON.stringify({ results, properties }) };
  const toolCalls = [{ id: 'c' + results.length, name: 'weigh', input }];
  return { ...says, text: '', stopReason: 'tool-calls', toolCalls };
};
const heddle = await createHeddle({
  agents: [clerk],
  providers: [{ name: 'model', ceiling: 1, call }],
});
const run = await heddle.start('clerk', { input: { prompt: 'Weigh the merino.' } });
console.log(JSON.stringify(await run.output()));
await heddle.close();
`,
};

it('runs the tool of docs/agents.md with its zod schema', { timeout: 120_000 }, async () => {
  const page = await readFile(join(root, 'docs/agents.md'), 'utf8');
  const example = /```js\n(import \{ tool, toolLoop \} from 'heddle';[\s\S]*?)```/.exec(page)?.[1];
  expect(example).toContain("from 'zod'");
  await writeFile(join(folder, 'tool.js'), `${around.before}${example}${around.after}`);
  const { stdout } = await run(process.execPath, ['tool.js'], { cwd: folder, env: env() });
  expect(stdout).toContain('The arguments of weigh do not fit. yarn:');
  expect(stdout).toMatch(/grams\W+6/);
  expect(stdout).toMatch(/properties\W+yarn\W+type\W+string/);
});

/** Said with the database of the tests' own server, for a bundle carries no Postgres. */
const said = async (args: readonly string[], cwd = folder): Promise<string> => {
  const { stdout } = await run(process.execPath, args, {
    cwd,
    env: { ...env(), DATABASE_URL: url },
  });
  return stdout;
};

/** An application with its own server: a question with a schema, a model that is not there, and the pages. */
const application = `import { catalogue, createHeddle, ollama } from 'heddle';
import { serve } from 'heddle/server';
import { setup } from 'xstate';
const schema = { type: 'object', properties: { yes: { type: 'boolean' } }, required: ['yes'] };
const asking = { src: 'ask', id: 'q', input: { question: 'Yes?', schema }, onDone: 'calling' };
const calling = { src: 'generate', id: 'g', input: { prompt: 'why?' }, onDone: 'done' };
const asks = setup({ actors: { ...catalogue } }).createMachine({
  id: 'asks',
  initial: 'asking',
  states: { asking: { invoke: asking }, calling: { invoke: calling }, done: { type: 'final' } },
});
const until = async (look) => {
  for (;;) {
    const found = await look();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};
export async function served() {
  const provider = ollama({ baseUrl: 'http://127.0.0.1:1', model: 'm', ceiling: 1 });
  const heddle = await createHeddle({ agents: [asks], providers: [provider] });
  const server = await serve(heddle, { port: 0 });
  const run = await heddle.start(asks);
  const { askId } = await until(async () => (await run.questions())[0]);
  const statuses = [];
  for (const answer of [{ yes: 1 }, { yes: true }]) {
    const body = JSON.stringify({ askId, answer });
    const headers = { 'content-type': 'application/json' };
    const address = server.url + '/v1/runs/' + run.id + '/answers';
    statuses.push((await fetch(address, { method: 'POST', headers, body })).status);
  }
  const fault = await until(async () => (await heddle.providers())[0]?.lastFault?.text);
  const { info } = await (await fetch(server.url + '/openapi.json')).json();
  const pages = (await fetch(server.url + '/ui/activity')).status;
  console.log(JSON.stringify({ statuses, pages, version: info.version, fault }));
  await run.cancel();
  await server.close();
  await heddle.close();
}
`;

it('needs nothing beside it when it is bundled, as a module, as a script and in parts', async () => {
  const readme = await readFile(join(root, 'README.md'), 'utf8');
  const example = /## A durable agent[\s\S]*?```js\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
  const [, imports = '', body = ''] = /^((?:import .*\n)+)([\s\S]*)$/.exec(example) ?? [];
  await writeFile(join(folder, 'application.js'), application);
  // A script has no await at its top.
  const entry = join(folder, 'bundled.js');
  await writeFile(
    entry,
    `${imports}import { served } from './application.js';
async function readme() {\n${body}\n}
void readme().then(served);\n`,
  );
  const alone = await mkdtemp(join(tmpdir(), 'heddle-bundle-'));
  const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
    version: string;
  };
  try {
    for (const [format, extension, splitting] of [
      ['esm', '.mjs', false],
      ['cjs', '.cjs', false],
      ['esm', '.mjs', true],
    ] as const) {
      const outdir = join(alone, `${format}-${splitting}`);
      // pg and others are CommonJS, which a module has to be lent a `require` for.
      const banner = { js: format === 'cjs' ? '' : lentRequire };
      const outExtension = { '.js': extension };
      const options = { bundle: true, platform: 'node', logLevel: 'silent', splitting } as const;
      await build({ ...options, entryPoints: [entry], format, outdir, outExtension, banner });
      // The pages are those of a heddle that is installed where it runs.
      const cwd = splitting ? folder : alone;
      const lines = (await said([join(outdir, `bundled${extension}`)], cwd)).trim().split('\n');
      expect(lines.slice(0, -1).join('').length).toBeGreaterThan(20);
      expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({
        statuses: [400, 202],
        pages: splitting ? 200 : 404,
        version: manifest.version,
        fault: expect.stringContaining('ECONNREFUSED'),
      });
    }
  } finally {
    await rm(alone, { recursive: true, force: true });
  }
}, 120_000);

const lentRequire =
  "import { createRequire as lend } from 'node:module'; const require = lend(import.meta.url);";

it('can be required, and runs beside another copy of xstate', async () => {
  const program = `const { catalogue, createHeddle, stubProvider } = require('heddle');
const { testHeddle } = require('heddle/testing');
const { setup } = require('xstate');
const caller = setup({ actors: { ...catalogue } }).createMachine({
  id: 'required',
  initial: 'calling',
  states: {
    calling: { invoke: { id: 'call', src: 'generate', input: { prompt: 'why?' }, onDone: 'done' } },
    done: { type: 'final' },
  },
  output: 'required and run',
});
(async () => {
  const heddle = await createHeddle({ agents: [caller], providers: [stubProvider()] });
  console.log(await (await heddle.start(caller)).output());
  await heddle.close();
  const t = await testHeddle({ agents: [caller], model: 'because' });
  console.log('tested: ' + (await (await t.start(caller)).output()));
  await t.close();
})();
`;
  const script = join(folder, 'required.cjs');
  await writeFile(script, program);
  expect(await said([script])).toContain('required and run\ntested: required and run');
  const own = join(folder, 'node_modules/heddle/node_modules/xstate');
  await cp(join(folder, 'node_modules/xstate'), own, { recursive: true });
  try {
    expect(await said([script])).toContain('required and run');
  } finally {
    await rm(own, { recursive: true });
  }
}, 120_000);

/** The files that a program loads. A hook sees the modules, and the cache sees what CommonJS packages require. */
async function loaded(...args: readonly string[]): Promise<readonly string[]> {
  const program = `import { createRequire, register } from 'node:module';
const hook = \`export async function load(url, context, next) {
  process._rawDebug('loaded ' + url);
  return next(url, context);
}\`;
register('data:text/javascript,' + encodeURIComponent(hook));
process.once('exit', () => {
  for (const file of Object.keys(createRequire(import.meta.url).cache)) console.error('loaded ' + file);
});
`;
  await writeFile(join(folder, 'loads.js'), program);
  const all = ['--import', './loads.js', ...args];
  const { stderr } = await run(process.execPath, all, { cwd: folder, env: env() });
  return [...stderr.matchAll(/^loaded .*?node_modules\/(.*)$/gm)].map(([, file = '']) => file);
}

const packageOf = (file: string): string => /^(?:@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? file;

it('loads no database, no SDK and no server before they are used', async () => {
  await writeFile(join(folder, 'imports.js'), "await import('heddle');");
  const names = (await loaded('imports.js')).map(packageOf);
  expect(new Set(names)).toEqual(new Set(['heddle', 'rxjs', 'xstate']));
  expect(names.filter((name) => name === 'rxjs').length).toBeLessThan(30);
}, 60_000);

it.each([
  ['that shows help', ['--help']],
  ['that asks a server', ['runs', '--url', 'http://127.0.0.1:7070', '--curl']],
])(
  'loads neither the engine nor a server for a command %s',
  async (_, args) => {
    const files = await loaded('node_modules/heddle/dist/src/cli/main.js', ...args);
    const others = ['commander', 'cli-table3', 'string-width', 'strip-ansi', 'ansi-regex'];
    const known = new Set(['heddle', ...others, 'emoji-regex', 'is-fullwidth-code-point']);
    expect(files.map(packageOf).filter((name) => !known.has(name))).toEqual([]);
    const own = files.filter((file) => file.startsWith('heddle/'));
    expect(own.length).toBeGreaterThan(50);
    expect(own.length).toBeLessThan(120);
    expect(own.filter((file) => /\/(heddle|server)\.js$|\/(kernel|runtime)\//.test(file))).toEqual(
      [],
    );
  },
  60_000,
);

it('types what a user writes', { timeout: 300_000 }, async () => {
  const { nodenext, bundler, accepted, refused } = await compileConsumer(folder);
  expect(nodenext).toEqual([]);
  expect(bundler).toEqual([]);
  expect(accepted).toBeGreaterThanOrEqual(30);
  expect(refused).toBeGreaterThanOrEqual(30);
});

it('has the command and its types', { timeout: 60_000 }, async () => {
  const { stdout } = await run('npx', ['heddle', '--help'], { cwd: folder, env: env() });
  expect(stdout).toContain('circuits');
  const types = await readFile(join(folder, 'node_modules/heddle/dist/src/index.d.ts'), 'utf8');
  expect(types).toContain('createHeddle');
});

describe('heddle/testing', () => {
  const play = (...args: readonly string[]) =>
    run(process.execPath, args, { cwd: folder, env: env() });

  beforeAll(() => cp(join(root, 'test/testing/packed'), folder, { recursive: true }));

  it("works under Node's own runner, and its fake timers", { timeout: 60_000 }, async () => {
    const { stdout } = await play('--test', '--test-reporter=tap', 'node.test.js');
    expect(stdout).toContain('# pass 2');
    expect(stdout).toContain('# fail 0');
  });

  it('works under vitest, and its fake timers', { timeout: 60_000 }, async () => {
    const vitest = join(root, 'node_modules/vitest/vitest.mjs');
    const { stdout } = await play(vitest, 'run', '--root', '.', '--globals', 'vitest.test.js');
    expect(stripVTControlCharacters(stdout)).toMatch(/Tests +2 passed/);
  });

  it(
    'works in a realm of its own, as jest has one for each file',
    { timeout: 60_000 },
    async () => {
      const { stdout } = await play('--experimental-vm-modules', 'realm.js');
      expect(stdout).toBe('played\n');
    },
  );

  it('loads no database, no SDK and no server', { timeout: 60_000 }, async () => {
    const { stderr } = await play('loaded.js');
    const packages = [...stderr.matchAll(/^loaded .*node_modules\/((?:@[^/]+\/)?[^/]+)\//gm)];
    const names = new Set(packages.map(([, name]) => name));
    expect(names).toEqual(new Set(['heddle', 'rxjs', 'xstate']));
    expect(stderr).toContain('store/memory/');
    expect(stderr).not.toMatch(/store\/(postgres|embedded)\//);
  });
});
