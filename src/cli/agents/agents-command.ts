/** `heddle agents`: those that replicas have registered; modules checked and drawn without a database. */
import type { Command } from 'commander';
import type { AgentVersionRuns, AgentVersionView, Client } from '../../client/index.ts';
import { HeddleError } from '../../domain/errors.ts';
import { asOneOf } from '../../domain/field.ts';
import { apiCommand, withJsonFlags, type ApiFlags } from '../api/api-flags.ts';
import { iso, printList, tableOf } from '../api/printed.ts';
import { withClient } from '../api/with-client.ts';
import { exitCodes } from '../exit-codes.ts';
import { agentsAt } from '../serve-config.ts';
import { writerTo, type Streams } from '../streams.ts';

/** The most that the API gives at once. */
const versionsAtOnce = 100;

export function addAgentsCommand(
  program: Command,
  streams: Streams,
  endWith: (exitCode: number) => void,
): void {
  const agents = program.command('agents').description('the charts that runs are made of');
  const list = apiCommand(agents, 'list [agent]').description(
    'list the versions that replicas know; of one agent with the open runs on each',
  );
  withJsonFlags(list, 'the agents').action(async (agent: string | undefined, flags: ApiFlags) => {
    const none = 'No agent was registered yet.';
    if (agent === undefined) {
      const found = await withClient(flags, (client) => client.agents.list());
      printList(streams, flags, found, { text: agentTable, none });
      return;
    }
    const found = await withClient(flags, (client) => versionsOf(client, agent));
    printList(streams, flags, found, { text: versionTable, none });
  });
  addDraw(agents, streams);
  const check = agents
    .command('check <modules...>')
    .description('register the agents of modules as a replica would, without a database');
  withJsonFlags(check, 'what was found').action(
    async (modules: readonly string[], flags: ApiFlags) => {
      const found = (await Promise.all(modules.map(checked))).flat();
      printList(streams, flags, found, { text: foundText, none: 'No agent is there.' });
      endWith(found.every(({ error }) => error === null) ? exitCodes.ok : exitCodes.failed);
    },
  );
}

type DrawFlags = ApiFlags & { readonly version?: string; readonly as?: string };

function addDraw(agents: Command, streams: Streams): void {
  const draw = apiCommand(agents, 'draw <agent>')
    .description('print the chart of an agent as text')
    .option('--version <version>', 'of this version (default: the one that was registered last)')
    .option(
      '--as <form>',
      'mermaid (default); outline: states with their edges, for reading; sketch: JSON for Stately Sketch',
    );
  draw.action(async (agent: string, flags: DrawFlags) => {
    const { version } = flags;
    const as = asOneOf(flags.as ?? 'mermaid', 'as', ['mermaid', 'outline', 'sketch'] as const);
    const options = { as, ...(version === undefined ? {} : { version }) };
    const text = await withClient(flags, (client) => client.agents.draw(agent, options));
    writerTo(streams.stdout)(text.trimEnd());
  });
}

async function versionsOf(client: Client, agent: string): Promise<readonly AgentVersionRuns[]> {
  const found: AgentVersionRuns[] = [];
  for (let after = {}; ;) {
    const { versions } = await client.agents.versions(agent, { ...after, limit: versionsAtOnce });
    found.push(...versions);
    const last = versions.at(-1);
    if (last === undefined || versions.length < versionsAtOnce) return found;
    after = { after: last.version };
  }
}

function versionTable(list: readonly AgentVersionRuns[]): string {
  return tableOf(
    ['version', 'open runs', 'registered', 'structure'],
    list.map(({ version, openRuns, registeredAtMs, structure }) => {
      return [version, openRuns, iso(registeredAtMs), structure];
    }),
  );
}

function agentTable(list: readonly AgentVersionView[]): string {
  return tableOf(
    ['agent', 'version', 'registered'],
    list.map(({ agent, version, registeredAtMs }) => [agent, version, iso(registeredAtMs)]),
  );
}

type Found = {
  readonly module: string;
  readonly agent: string | null;
  readonly version: string | null;
  readonly warnings: readonly string[];
  readonly advice: readonly string[];
  readonly error: string | null;
};

/** Each agent of a module by itself, so that one that is refused hides no other. */
async function checked(module: string): Promise<readonly Found[]> {
  // Loaded here, with the kernel: other commands about agents ask a server.
  const { checkAgents } = await import('../../heddle.ts');
  const sources = await agentsAt([module]);
  const found = sources.map((source): Found => {
    try {
      const [agent] = checkAgents([source]);
      const { name = null, version = null, warnings = [], advice = [] } = agent ?? {};
      return { module, agent: name, version, warnings, advice, error: null };
    } catch (error) {
      return refused(module, error);
    }
  });
  if (found.some(({ error }) => error !== null)) return found;
  try {
    checkAgents(sources);
    return found;
  } catch (error) {
    return [...found, refused(module, error)];
  }
}

function refused(module: string, error: unknown): Found {
  if (!(error instanceof HeddleError)) throw error;
  const said = `${error.code}: ${error.message}`;
  return { module, agent: null, version: null, warnings: [], advice: [], error: said };
}

function foundText(list: readonly Found[]): string {
  return list
    .map(({ module, agent, version, warnings, advice, error }) => {
      if (error !== null) return `${module}  refused\n  ${error}`;
      const lines = [
        ...warnings.map((text) => `  warning: ${text}`),
        ...advice.map((text) => `  ${text}`),
      ];
      return [`${module}  ${agent} ${version}  is durable`, ...lines].join('\n');
    })
    .join('\n');
}
