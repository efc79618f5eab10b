/**
 * What `heddle serve` runs: the options of `createHeddle` from a file, and agents from modules. Files are the
 * user's own code: what they give is checked as any host's options are.
 */
import { existsSync } from 'node:fs';
import type * as Jiti from 'jiti';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { refuseField } from '../domain/field.ts';
import { thrownText } from '../domain/thrown.ts';
import type { HeddleOptions } from '../heddle.ts';
import type { AgentSource, AgentSources } from '../runtime/agent-source.ts';

/** Looked for in the working directory, in this order. */
const configNames = ['heddle.config.mjs', 'heddle.config.js', 'heddle.config.ts'] as const;

/** The file that is named, else the one in the working directory; null: there is none. */
export function configPath(named: string | undefined, folder = process.cwd()): string | null {
  if (named !== undefined) return resolve(folder, named);
  const found = configNames.find((name) => existsSync(resolve(folder, name)));
  return found === undefined ? null : resolve(folder, found);
}

export async function configOf(path: string | null): Promise<HeddleOptions> {
  if (path === null) return {};
  const { default: options } = await moduleAt(path, 'config');
  if (typeof options !== 'object' || options === null) {
    refuseField('config', `${path} must have the options of createHeddle as its default export`);
  }
  // `createHeddle` checks them, by field.
  return options;
}

/** The charts that these modules export, in their order, by whatever names, alone or in lists. */
export async function agentsAt(paths: readonly string[]): Promise<readonly AgentSource[]> {
  const agents: AgentSource[] = [];
  for (const path of paths) {
    const exported = Object.values(await moduleAt(resolve(path), 'agents'));
    const found = exported.flat().filter(isAgent);
    if (found.length === 0) {
      refuseField(
        'agents',
        `${path} exports no chart: export what createMachine() gives, or { machine, version, input, events }, or a list of them`,
      );
    }
    agents.push(...found);
  }
  // A chart is often exported by its name and as the default.
  return [...new Set(agents)];
}

export function listOf(agents: AgentSources | undefined): readonly AgentSource[] {
  if (agents === undefined) return [];
  return Array.isArray(agents) ? (agents as readonly AgentSource[]) : Object.values(agents);
}

function isAgent(value: unknown): value is AgentSource {
  if (typeof value !== 'object' || value === null) return false;
  const chart: unknown = 'machine' in value ? value.machine : value;
  return (
    typeof chart === 'object' && chart !== null && 'root' in chart && 'implementations' in chart
  );
}

type Module = Readonly<Record<string, unknown>>;

async function moduleAt(path: string, field: string): Promise<Module> {
  if (!existsSync(path)) refuseField(field, `${path} is not there`);
  const loader = /\.[cm]?ts$/.test(path)
    ? (await jiti(field, path)).createJiti(import.meta.url)
    : null;
  try {
    if (loader !== null) return await loader.import<Module>(path);
    return (await import(pathToFileURL(path).href)) as Module;
  } catch (error) {
    return refuseField(field, `${path} cannot be loaded: ${thrownText(error)}`);
  }
}

/** An optional peer: whoever has TypeScript files to serve installs it. */
async function jiti(field: string, path: string): Promise<typeof Jiti> {
  try {
    return await import('jiti');
  } catch {
    return refuseField(field, `${path} is TypeScript: install jiti, or give a .mjs file`);
  }
}
