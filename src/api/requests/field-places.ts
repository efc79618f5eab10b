/**
 * Where a field stands in a request. The library names fields by its own arguments (`start.tags[0]`), and a client has
 * never seen these: it is told `body.tags.0`.
 */
import { z } from 'zod';
import type { Route } from '../route.ts';

/** What the API calls otherwise than the library does. */
const apiNames: Readonly<Record<string, readonly string[]>> = {
  tags: ['tag'],
  statuses: ['status'],
  parentRunId: ['parent'],
  fromMs: ['from'],
  toMs: ['to'],
  stepMs: ['step'],
  before: ['cursor'],
  after: ['cursor'],
  token: ['tokens'],
  user: ['owner'],
  agent: ['owner'],
  runId: ['owner'],
};

const parts = ['params', 'body', 'query'] as const;
type Part = (typeof parts)[number];

/** Which parts of a request name what. */
type Asked = Readonly<Record<Part | 'headers', unknown>>;

/** The field as the client knows it; as it was given, where it stands in no part of the request. */
export function placeIn(route: Route, asked: Asked, field: string): string {
  const segments = field.replaceAll(/\[(\w*)\]/g, '.$1').split('.');
  const [root = ''] = segments;
  if (root === 'headers' || parts.some((part) => part === root)) return segments.join('.');
  // The first segment is the library's argument, if more follow; it may be the very name as well.
  const firsts = segments.length === 1 ? [0] : [...segments.keys()].slice(1).concat(0);
  for (const at of firsts) {
    const place = placeOf(route, asked, segments[at] ?? '');
    if (place !== null) return [place, ...segments.slice(at + 1)].join('.');
  }
  const { body } = route;
  const [, ...rest] = segments;
  // An event has fields of its own.
  return isLoose(body) && rest.length > 0 ? ['body', ...rest].join('.') : segments.join('.');
}

function placeOf(route: Route, asked: Asked, name: string): string | null {
  for (const one of [name, ...(apiNames[name] ?? [])]) {
    const header = headerOf(route, one);
    const places = parts.flatMap((part) => placesIn(part, shapeOf(route, part), one));
    // Of several with the same name, the one that was sent.
    const sent = [...header, ...places].find((place) => isThere(asked, place));
    const [first] = sent === undefined ? places : [sent];
    if (first !== undefined) return first;
  }
  return null;
}

type Shape = Readonly<Record<string, unknown>>;

function shapeOf({ ofTenant, ...route }: Route, part: Part): Shape {
  const shape = shapeIn(route[part]);
  return part === 'query' && ofTenant ? { ...shape, tenant: null } : shape;
}

/** In the part itself, or in an object of it, as a filter. */
function placesIn(part: Part, shape: Shape, name: string): string[] {
  if (Object.hasOwn(shape, name)) return [`${part}.${name}`];
  return Object.entries(shape)
    .filter(([, inner]) => Object.hasOwn(shapeIn(inner), name))
    .map(([outer]) => `${part}.${outer}.${name}`);
}

/** `lastEventId` may be the header Last-Event-ID. */
function headerOf({ headers = {} }: Route, name: string): string[] {
  const bare = (text: string): string => text.replaceAll('-', '').toLowerCase();
  const found = Object.keys(headers).find((header) => bare(header) === bare(name));
  return found === undefined ? [] : [`headers.${found.toLowerCase()}`];
}

function isThere(asked: Asked, place: string): boolean {
  let at: unknown = asked;
  for (const name of place.split('.')) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, name)) return false;
    at = (at as Shape)[name];
  }
  return at !== undefined;
}

const isLoose = (schema: unknown): boolean =>
  schema instanceof z.ZodObject && schema.def.catchall instanceof z.ZodUnknown;

function shapeIn(schema: unknown): Shape {
  if (schema instanceof z.ZodObject) return schema.shape;
  const isWrapped =
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodDefault;
  return isWrapped ? shapeIn(schema.unwrap()) : {};
}
