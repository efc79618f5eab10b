/** The declarations of `heddle/client`: any TypeScript program can use them, in a browser or elsewhere. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { expect, it } from 'vitest';

const folder = fileURLToPath(new URL('../../src/client/', import.meta.url));

function parsed(): ts.CompilerOptions {
  const path = fileURLToPath(new URL('../../.config/tsconfig.build.json', import.meta.url));
  const { config } = ts.readConfigFile(path, (name) => ts.sys.readFile(name)) as {
    readonly config: unknown;
  };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, dirname(path));
  return { ...options, emitDeclarationOnly: true };
}

/** By its path beside the source. */
function declarations(): ReadonlyMap<string, string> {
  const options = parsed();
  const out = options.outDir ?? '';
  const emitted = new Map<string, string>();
  ts.createProgram([join(folder, 'index.ts')], options).emit(undefined, (name, text) => {
    emitted.set(join(folder, '../..', name.slice(out.length)), text);
  });
  return emitted;
}

const consumer = `
import { createClient, HeddleRequestError, type Run } from './index.js';
export async function failed(): Promise<readonly Run[]> {
  const client = createClient({ url: 'http://localhost:7070', retryMs: 0 });
  const { id } = await client.runs.start('editor', { input: { text: 'x' } });
  const { status, output } = await client.runs.output(id, { timeoutMs: 1 });
  if (status === 'completed') return [];
  const all: Run[] = [];
  for await (const run of client.runs.listAll({ status: ['failed'] })) all.push(run);
  if (output === 1) throw new HeddleRequestError({ code: '', detail: '', status: 0, retryable: false });
  return all;
}
`;

it('needs neither the DOM nor Node, and imports nothing outside its folder', () => {
  const emitted = declarations();
  expect([...emitted.keys()].every((name) => name.startsWith(folder))).toBe(true);
  for (const [name, text] of emitted) {
    for (const [, from = ''] of text.matchAll(/(?:from|import\() ?'([^']+)'/g)) {
      expect(from).toMatch(/^\.{1,2}\/[a-z/.-]+\.(ts|js)$/);
      expect(join(dirname(name), from).startsWith(folder), from).toBe(true);
    }
    expect(text).not.toContain('/// <reference');
  }
  const options: ts.CompilerOptions = {
    strict: true,
    noEmit: true,
    types: [],
    lib: ['lib.es2023.d.ts'],
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
  };
  const host = ts.createCompilerHost(options);
  const main = join(folder, 'consumer.mts');
  const files = new Map([...emitted, [main, consumer]]);
  const text = (name: string) => files.get(name) ?? ts.sys.readFile(name);
  // The sources are not seen: their declarations stand in their place.
  const exists = (name: string) =>
    files.has(name) ||
    (ts.sys.fileExists(name) && !(name.startsWith(folder) && /(?<!\.d)\.ts$/.test(name)));
  host.fileExists = exists;
  host.readFile = text;
  const read = host.getSourceFile.bind(host);
  host.getSourceFile = (name, ...how) => {
    const own = files.get(name);
    return own === undefined ? read(name, ...how) : ts.createSourceFile(name, own, how[0]);
  };
  const program = ts.createProgram([main], options, host);
  const found = ts.getPreEmitDiagnostics(program).map(({ file, messageText }) => {
    return `${file?.fileName ?? ''}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
  });
  expect(found).toEqual([]);
  expect(
    program.getSourceFiles().some(({ fileName }) => fileName.endsWith('client/runs.d.ts')),
  ).toBe(true);
});
