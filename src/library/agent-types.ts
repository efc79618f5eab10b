/**
 * The chart's type for what a host gives as an agent: a chart itself, or a name among the agents that
 * were given to `createHeddle`. Types alone; at run time runtime/agents.ts finds the agent.
 *
 * 1. A name among several versions means the last of them in the list, as at run time.
 * 2. Where the agents are not known one by one, or a name is known only while the program runs, a run is
 *    a plain `Run`: its output is `Json`.
 */
import type { InputFrom } from 'xstate';
import type { AgentVersion, AnyChart } from '../runtime/agent-source.ts';
import type { StartRequest } from './requests.ts';
import type { InputOf, NameOf } from './chart-types.ts';

/** The names of these agents; `string` where the name of one of them is not known. */
export type AgentName<Agents> = Agents extends readonly unknown[]
  ? NameOf<ChartIn<Agents[number]>>
  : keyof Agents & string;

/** `Given` itself if it names or is one of the agents, and otherwise what would. */
export type AgentRef<Agents, Given> = Given extends string
  ? string extends Given
    ? Given
    : Given extends AgentName<Agents>
      ? Given
      : AgentName<Agents>
  : string extends NameOf<Given>
    ? Given
    : NameOf<Given> extends AgentName<Agents>
      ? Given
      : AgentName<Agents>;

/** The chart that a run of this agent follows; `unknown` where it is not known. */
export type ChartFor<Agents, Given> = Known<
  Given extends string
    ? Agents extends readonly unknown[]
      ? Listed<Agents, Given>
      : Given extends keyof Agents
        ? ChartIn<Agents[Given]>
        : never
    : Given
>;

/** The options of a start. `input` may be left out where the chart's input may be `undefined`. */
export type StartOptions<Chart = unknown> = Omit<StartRequest, 'input'> &
  (undefined extends InputOf<Chart>
    ? {
        /** The chart's input, as JSON. */
        readonly input?: InputOf<Chart>;
      }
    : {
        /** The chart's input, as JSON. */
        readonly input: InputOf<Chart>;
      });

/** The last argument of `start`: options, which may be left out where the chart wants no input. */
export type StartArguments<Chart> =
  {} extends StartOptions<Chart> ? [options?: StartOptions<Chart>] : [options: StartOptions<Chart>];

/** One start among several. */
export type StartOf<Agents, Given> = {
  /** An agent's name, or its chart. */
  readonly agent: AgentRef<Agents, Given>;
} & StartOptions<ChartFor<Agents, Given>>;

/** The type of the chart in what a host gave as an agent. */
type ChartIn<Source> = Source extends AgentVersion
  ? Source['machine']
  : Source extends AnyChart
    ? Source
    : never;

type Listed<Agents extends readonly unknown[], Name> = [Newest<Agents, Name>] extends [never]
  ? Unnamed<Agents[number]>
  : Newest<Agents, Name>;

/**
 * The last agent with this name. Agents that are not given as a tuple have no order, so all that have
 * the name count.
 */
type Newest<Agents extends readonly unknown[], Name> = Agents extends readonly [
  ...infer Earlier,
  infer Last,
]
  ? [Named<Last, Name>] extends [never]
    ? Newest<Earlier, Name>
    : Named<Last, Name>
  : Agents extends readonly []
    ? never
    : Named<Agents[number], Name>;

type Named<Source, Name> = Source extends unknown
  ? string extends NameOf<ChartIn<Source>>
    ? never
    : Name extends NameOf<ChartIn<Source>>
      ? ChartIn<Source>
      : never
  : never;

/** The agents whose name is not known before the program runs. */
type Unnamed<Source> = Source extends unknown
  ? string extends NameOf<ChartIn<Source>>
    ? ChartIn<Source>
    : never
  : never;

/** A chart whose type says nothing counts as not known. */
type Known<Chart> = [Chart] extends [never]
  ? unknown
  : AnyChart extends Chart
    ? unknown
    : 0 extends 1 & InputFrom<Chart>
      ? unknown
      : Chart;
