/** What a host gives as an agent, checked by field: a chart, or a chart with its version. */
import { onlyKeys, refuseField } from '../domain/field.ts';
import { checkName } from '../domain/ids.ts';
import type { Agent, Kernel } from '../kernel/port.ts';

/** A chart, or a chart with the version that its runs keep and with versions that it takes over. */
export type AgentSource =
  | object
  | {
      readonly machine: object;
      /** Default: a hash of the chart's structure. */
      readonly version?: string;
      /**
       * Versions whose open runs this chart takes up, as far as they fit it; the others are stalled
       * and say what is missing. Its own version among them: it takes the place of the structure
       * that is stored under it, though runs are open.
       */
      readonly adopts?: readonly string[];
    };

type Given = { readonly machine: unknown; readonly version?: unknown; readonly adopts?: unknown };

/** Throws `agent-refused` for a chart that cannot be durable, `invalid-field` for what is beside it. */
export function registerSource(kernel: Kernel, source: AgentSource): Agent {
  if (!isGiven(source)) return kernel.register(source);
  onlyKeys({ ...source } as never, 'agents', ['machine', 'version', 'adopts']);
  const { machine, version, adopts } = source;
  return kernel.register(machine, {
    ...(version === undefined ? {} : { version: checkName(version, 'agents.version') }),
    ...(adopts === undefined ? {} : { adopts: names(adopts) }),
  });
}

/** A chart of XState's has a root, which nothing else here has. */
function isGiven(source: unknown): source is Given {
  return (
    typeof source === 'object' && source !== null && 'machine' in source && !('root' in source)
  );
}

function names(value: unknown): string[] {
  const field = 'agents.adopts';
  if (!Array.isArray(value)) refuseField(field, 'must be a list of versions');
  if (value.length > adoptsMax) refuseField(field, `must name at most ${adoptsMax} versions`);
  return value.map((one, i) => checkName(one, `${field}[${i}]`));
}

const adoptsMax = 1_000;
