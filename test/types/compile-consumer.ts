/**
 * Compiles what a user writes (`consumer/`) against the package as it is installed in a folder, in this
 * process, once for each way in which TypeScript finds a package.
 *
 * Declarations are made too: a type that is inferred and has no name that a user could write is an
 * error then. The packages' own declarations are checked once, as Node finds them, but those of TypeScript's library;
 * a bundler finds the same ones, and what is missing then shows in what the consumer must and must not write.
 */
import { cp, readFile, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const consumer = fileURLToPath(new URL('consumer/', import.meta.url));

const resolutions = {
  nodenext: { module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext },
  bundler: {
    module: ts.ModuleKind.Preserve,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    skipLibCheck: true,
  },
} as const;

type Compiled = {
  /** What the compiler finds, a line each. */
  readonly nodenext: readonly string[];
  readonly bundler: readonly string[];
  /** Calls that must compile, and lines that are marked as such that must not. */
  readonly accepted: number;
  readonly refused: number;
};

export async function compileConsumer(folder: string): Promise<Compiled> {
  await cp(consumer, folder, { recursive: true });
  const names = (await readdir(consumer)).filter((name) => name.endsWith('.ts'));
  const files = names.map((name) => join(folder, name));
  const [accepted, refused] = await Promise.all(
    ['accepted.ts', 'refused.ts'].map((name) => readFile(join(folder, name), 'utf8')),
  );
  return {
    nodenext: findings(files, resolutions.nodenext),
    bundler: findings(files, resolutions.bundler),
    accepted: accepted?.match(/await |^export const /gm)?.length ?? 0,
    refused: refused?.match(/\/\/ @ts-expect-error/g)?.length ?? 0,
  };
}

/** The library's declarations are the same for both. */
const library = new Map<string, ts.SourceFile | undefined>();

function findings(files: readonly string[], resolution: ts.CompilerOptions): readonly string[] {
  const options: ts.CompilerOptions = {
    ...resolution,
    strict: true,
    target: ts.ScriptTarget.ES2023,
    declaration: true,
    emitDeclarationOnly: true,
    skipDefaultLibCheck: true,
    types: [],
  };
  const host = ts.createCompilerHost(options);
  const read = host.getSourceFile.bind(host);
  const libraryFolder = dirname(ts.getDefaultLibFilePath(options));
  host.getSourceFile = (name, ...how) => {
    if (!name.startsWith(libraryFolder)) return read(name, ...how);
    if (!library.has(name)) library.set(name, read(name, ...how));
    return library.get(name);
  };
  const program = ts.createProgram(files, options, host);
  const emitted = program.emit(undefined, () => undefined, undefined, true);
  return [...ts.getPreEmitDiagnostics(program), ...emitted.diagnostics].map(
    ({ file, start = 0, messageText }) => {
      const place = file === undefined ? '' : `${file.fileName}:${lineOf(file, start)}: `;
      return `${place}${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
    },
  );
}

function lineOf(file: ts.SourceFile, start: number): number {
  return file.getLineAndCharacterOfPosition(start).line + 1;
}
