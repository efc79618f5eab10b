/**
 * Whether a chart can still publish from the states in which it stands. It is inferred from the chart's
 * definition: which states can be reached by any of its transitions, whatever their guards say, and whether
 * one of those invokes `publish`, or code of its author's (a task, a child), which may publish too. Of an actor that
 * an inline action spawns, the definition has no name, so it counts as such code.
 */
import type { Json, JsonObject } from '../../domain/json.ts';

/** What a chart can still publish from where it stands: by itself, by code of its author (a task, a child), or nothing. `unknown`: its definition is not known here. */
export type CanPublish = 'by-chart' | 'by-code' | 'no' | 'unknown';

/** Of heddle's own actors: those that publish nothing. */
const silent = new Set(['generate', 'receive', 'remember', 'recall', 'forget', 'evaluate', 'ask']);

type Node = {
  /** The key. */
  readonly key: string;
  readonly config: JsonObject;
  readonly parent: Node | null;
  readonly children: ReadonlyMap<string, Node>;
};

/** `value`: the state value; null for a run that has not begun. A definition that is not known: `unknown`. */
export function canPublish(definition: Json, value: Json): CanPublish {
  if (!isObject(definition)) return 'unknown';
  const root = nodeOf('', definition, null);
  const reached = new Set<Node>();
  const byId = new Map(allOf(root).flatMap((node) => idOf(node)));
  const open: Node[] = value === null ? [root] : [];
  if (value === null) enter(root, open);
  else active(root, value, open);
  let found: CanPublish = 'no';
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (reached.has(node)) continue;
    reached.add(node);
    const here = publishes(node);
    if (here === 'by-chart') return here;
    if (here === 'by-code') found = here;
    if (node.parent !== null) open.push(node.parent);
    for (const target of targetsOf(node.config)) {
      const to = resolved(node, target, { root, byId });
      if (to !== null) enter(to, open);
      if (to !== null) enterBeside(to, node, open);
    }
  }
  return found;
}

function nodeOf(key: string, config: JsonObject, parent: Node | null): Node {
  const children = new Map<string, Node>();
  const node = { key, config, parent, children };
  const states = config['states'];
  if (!isObject(states)) return node;
  for (const [name, child] of Object.entries(states)) {
    children.set(name, nodeOf(name, isObject(child) ? child : {}, node));
  }
  return node;
}

function allOf(node: Node): Node[] {
  return [node, ...[...node.children.values()].flatMap(allOf)];
}

function idOf(node: Node): [string, Node][] {
  const { id } = node.config;
  return typeof id === 'string' ? [[id, node]] : [];
}

/** The states of a state value. A state that the definition lacks is left out. */
function active(node: Node, value: Json, into: Node[]): void {
  into.push(node);
  const below: readonly (readonly [string, Json])[] =
    typeof value === 'string' ? [[value, {}]] : isObject(value) ? Object.entries(value) : [];
  for (const [key, rest] of below) {
    const child = node.children.get(key);
    if (child !== undefined) active(child, rest, into);
  }
}

/** Whoever enters a state enters its initial states; a history state stands for all of its neighbours. */
function enter(node: Node, into: Node[]): void {
  const { type, initial } = node.config;
  if (type === 'history') {
    for (const one of node.parent?.children.values() ?? []) if (one !== node) enter(one, into);
    return;
  }
  into.push(node);
  if (type === 'parallel') for (const child of node.children.values()) enter(child, into);
  const first = isObject(initial) ? initial['target'] : initial;
  const child = typeof first === 'string' ? below(node, first.split('.')) : null;
  if (child !== null) enter(child, into);
}

/** A target within a parallel state that is entered with it: the other regions begin, too. */
function enterBeside(target: Node, from: Node, into: Node[]): void {
  let at = target;
  for (let { parent } = target; parent !== null && !isWithin(from, parent); { parent } = parent) {
    if (parent.config['type'] === 'parallel') {
      for (const region of parent.children.values()) if (region !== at) enter(region, into);
    }
    at = parent;
  }
}

function isWithin(node: Node, outer: Node): boolean {
  for (let at: Node | null = node; at !== null; at = at.parent) if (at === outer) return true;
  return false;
}

function below(node: Node, path: readonly string[]): Node | null {
  let at: Node | undefined = node;
  for (const key of path) at = at?.children.get(key);
  return at ?? null;
}

type Known = { readonly root: Node; readonly byId: ReadonlyMap<string, Node> };

function resolved(from: Node, target: string, { byId, root }: Known): Node | null {
  if (target.startsWith('.')) return below(from, target.slice(1).split('.'));
  if (!target.startsWith('#')) return below(from.parent ?? root, target.split('.'));
  const name = target.slice(1);
  const known = byId.get(name);
  if (known !== undefined) return known;
  const [id = '', ...path] = name.split('.');
  const node = byId.get(id);
  return node === undefined ? null : below(node, path);
}

/** All transitions that a state has: a target, or an object that has targets and actions. */
function transitionsOf(config: JsonObject): (string | JsonObject)[] {
  const { on, after, always, onDone } = config;
  const tables = [on, after].flatMap((table) => (isObject(table) ? Object.values(table) : []));
  const ends = invokesOf(config).flatMap((one) => [
    one['onDone'],
    one['onError'],
    one['onSnapshot'],
  ]);
  return [...tables, always, onDone, ...ends].flatMap(each);
}

/** The texts and objects in a list, or the one that stands in its place. */
function each(given: Json | undefined): (string | JsonObject)[] {
  if (Array.isArray(given)) return given.flatMap(each);
  return typeof given === 'string' || isObject(given) ? [given] : [];
}

function targetsOf(config: JsonObject): string[] {
  return transitionsOf(config)
    .flatMap((one) => (typeof one === 'string' ? one : each(one['target'])))
    .filter((target) => typeof target === 'string');
}

/** Actions that may start actors which the definition does not name. */
const starters = new Set<Json | undefined>(['xstate.spawnChild', 'xstate.enqueueActions']);

function spawns(config: JsonObject): boolean {
  const { entry, exit, initial } = config;
  const objects = [initial, ...transitionsOf(config)].filter(isObject);
  const actions = [entry, exit, ...objects.map((one) => one['actions'])].flatMap(each);
  return actions.some((action) => isObject(action) && starters.has(action['type']));
}

function invokesOf({ invoke }: JsonObject): JsonObject[] {
  return (Array.isArray(invoke) ? invoke : [invoke]).flatMap((one) => (isObject(one) ? [one] : []));
}

function publishes({ config }: Node): CanPublish {
  const sources = invokesOf(config).map(({ src }) => (isObject(src) ? src['type'] : src));
  if (sources.includes('publish')) return 'by-chart';
  const isCode = sources.some((src) => typeof src !== 'string' || !silent.has(src));
  return isCode || spawns(config) ? 'by-code' : 'no';
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
