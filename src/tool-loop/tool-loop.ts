/** The maker of tool loops: from an author's options to a chart. */
import type {
  AnyActorRef,
  AnyEventObject,
  MachineContext,
  MetaObject,
  ParameterizedObject,
  PromiseActorLogic,
  ProvidedActor,
  StateMachine,
  StateValue,
} from 'xstate';
import type { GenerateInput, ToolOffer } from '../domain/catalogue.ts';
import { HeddleError } from '../domain/errors.ts';
import { refuseField } from '../domain/field.ts';
import { toJson, type Json } from '../domain/json.ts';
import { checkGenerate } from '../domain/model/generate-input.ts';
import { catalogue, noteFormer } from '../kernel/catalogue.ts';
import { offerOf, toolTask } from './author-tool.ts';
import { chatChartOf, type ToolLoopEvent } from './chat.ts';
import { builtInOffers } from './built-in-tools.ts';
import { objectRoot } from '../schema/object-root.ts';
import { ownActors } from './places.ts';
import { chartOf, ends, formerEnds, type LoopParts } from './loop-chart.ts';
import type { Destinations, ToolLoopOutput, ToolLoopValue } from './loop-context.ts';
import {
  resolveLoop,
  type ResolvedLoop,
  type ToolLoopInput,
  type ToolLoopOptions,
} from './options.ts';

type Actor = PromiseActorLogic<unknown, unknown>;

/**
 * The chart that `toolLoop` makes: an agent like any other, with its input and output. Its states are
 * made from the author's names, so their types are general. It takes no events from outside.
 */
export type ToolLoopMachine<
  Input = ToolLoopInput,
  Id extends string = string,
  Value = Json,
> = StateMachine<
  MachineContext,
  AnyEventObject,
  Record<string, AnyActorRef | undefined>,
  ProvidedActor,
  ParameterizedObject,
  ParameterizedObject,
  string,
  StateValue,
  string,
  Input,
  ToolLoopOutput<Value>,
  ToolLoopEvent<Value>,
  MetaObject,
  {
    /** The agent's name. */
    id: Id;
  }
>;

/**
 * An agent whose model does the steps: it is called with tools until it asks for none, or a bound is
 * reached. Throws `invalid-field` for options that cannot be meant.
 */
export function toolLoop<
  Input = ToolLoopInput,
  const Id extends string = string,
  Schema extends Json | object = Json | object,
>(options: ToolLoopOptions<Input, Id, Schema>): ToolLoopMachine<Input, Id, ToolLoopValue<Schema>> {
  const loop = resolveLoop(options);
  const actors = actorsOf(loop, options);
  const offers = offersOf(loop);
  const ask = {
    ...loop.generate,
    ...(options.system === undefined ? {} : { system: options.system }),
    ...(offers.length === 0 ? {} : { tools: offers }),
    ...(loop.schema === undefined ? {} : { schema: loop.schema }),
    conversation: 'loop',
  };
  checkAsk(ask);
  const parts: LoopParts = {
    id: options.id,
    loop,
    actors,
    destinations: destinationsOf(loop, options.parallel ?? true),
    ask,
    prompt: options.prompt ?? (loop.chat === null ? defaultPrompt : firstPrompt),
  };
  if (loop.chat !== null) return chatChartOf(parts, loop.chat) as never;
  const machine = chartOf(parts, ends);
  noteFormer(machine, () => [chartOf(parts, formerEnds)]);
  // Its states are made of the author's names; the types say what the options and `outputOf` do.
  return machine as never;
}

/** The messages are known only when a run goes on; the other fields are checked here, by their names. */
function checkAsk(ask: GenerateInput): void {
  try {
    checkGenerate(ask as Json);
  } catch (error) {
    if (!(error instanceof HeddleError) || error.code !== 'invalid-field') throw error;
    const { field, reason } = error.detail as { readonly field: string; readonly reason: string };
    refuseField(`toolLoop.${field}`, reason);
  }
  toJson(ask, 'toolLoop.generate');
}

/** A chat may begin without a prompt. */
function firstPrompt({ input }: { readonly input: unknown }): string {
  const { prompt } = (input ?? {}) as Partial<ToolLoopInput>;
  return typeof prompt === 'string' ? prompt : '';
}

function defaultPrompt({ input }: { readonly input: unknown }): string {
  const { prompt } = (input ?? {}) as Partial<ToolLoopInput>;
  return typeof prompt === 'string' ? prompt : JSON.stringify(input ?? null);
}

/** The actors, by a key that is also the name of the state which invokes the actor. */
function actorsOf(
  { builtIn, tools, children, bounds, approvals, chat }: ResolvedLoop,
  { taskPolicy = {} }: { readonly taskPolicy?: ToolLoopOptions['taskPolicy'] },
): Record<string, Actor> {
  const actors: [string, unknown][] = [
    [ownActors.think, catalogue.generate],
    ...builtIn.map((name): [string, unknown] => [name, catalogue[name]]),
    ...tools.map(([name, tool]): [string, unknown] => [
      `tool-${name}`,
      toolTask(name, tool, taskPolicy, bounds.resultCharsMax),
    ]),
    ...children.map(({ agent }, i): [string, unknown] => [`spawn-${i}`, agent]),
  ];
  if (approvals.size > 0) actors.push([ownActors.approve, catalogue.ask]);
  if (chat !== null) {
    actors.push([ownActors.listen, catalogue.receive], [ownActors.reply, catalogue.publish]);
  }
  // XState's types know each actor by name; these names are the author's.
  return Object.fromEntries(actors) as Record<string, Actor>;
}

function destinationsOf(
  { builtIn, tools, children, approvals }: ResolvedLoop,
  parallel: boolean,
): Destinations {
  const serial = new Set(tools.flatMap(([name, of]) => (of.serial === true ? [name] : [])));
  return {
    approvals,
    isSerial: (name) => !parallel || serial.has(name),
    tools: new Map([
      ...builtIn.map((name) => [name, name] as const),
      ...tools.map(([name]) => [name, `tool-${name}`] as const),
    ]),
    children: new Map(children.map(({ agent }, i) => [agent.id, `spawn-${i}`])),
  };
}

function offersOf({ builtIn, tools, children }: ResolvedLoop) {
  return [
    ...builtIn.map((name) => rooted(builtInOffers[name])),
    ...tools.map(([name, tool]) => offerOf(name, tool)),
    ...(children.length === 0 ? [] : [rooted(spawnOffer(children))]),
  ];
}

/** So that no call has to look at it again. */
function rooted(offer: ToolOffer): ToolOffer {
  return { ...offer, inputSchema: objectRoot(offer.inputSchema, `tools.${offer.name}`) };
}

/** The tool that starts another agent and waits for its output. */
function spawnOffer(children: ResolvedLoop['children']): ToolOffer {
  const told = children.map(({ agent, description, inputSchema }) => {
    const input = inputSchema === undefined ? '' : ` Its input: ${JSON.stringify(inputSchema)}.`;
    return `${agent.id}: ${description}${input}`;
  });
  const agent: Json = { enum: children.map((child) => child.agent.id) };
  return {
    name: 'spawn',
    description: ['Starts another agent and gives its output.', ...told].join('\n'),
    inputSchema: {
      type: 'object',
      properties: { agent, input: { description: 'What the agent is given: any JSON.' } },
      required: ['agent'],
      additionalProperties: false,
    },
  };
}
