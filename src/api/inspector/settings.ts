/** What a host says of the inspector when it starts a server. */
import { asBoolean, refuseField } from '../../domain/field.ts';
import { asList, asOptions } from '../../domain/options.ts';
import { redactorOf, type Redactor, type Shown } from './frames/redaction.ts';

/** Options of `serve`'s `inspect`. Each may be left out. */
export type InspectOptions = {
  /**
   * True: clients may ask for what runs hold: contexts, the fields of events, outputs and errors. Default false: states
   * and the types of events alone.
   */
  readonly context?: boolean;
  /**
   * What is taken out of that before it is sent: names of fields, which count at any depth, or a function that gives
   * what may be sent. A function that throws has the value left out.
   */
  readonly redact?: readonly string[] | Redactor;
  /** Origins of pages that may connect, beside `https://stately.ai` and this machine's. Such as `https://ops.example`. */
  readonly origins?: readonly string[];
};

export type Inspecting = {
  readonly context: boolean;
  readonly shown: Shown;
  readonly origins: readonly string[];
};

const optionNames = ['context', 'redact', 'origins'] as const;
const listMax = 100;

/** Null: there is no inspector. */
export function inspectingOf(given: unknown): Inspecting | null {
  if (given === undefined || given === false) return null;
  const options =
    given === true ? {} : asOptions(given as InspectOptions, 'serve.inspect', optionNames);
  const { redact } = options;
  const names = typeof redact === 'function' ? redact : textsOf(redact, 'redact');
  return {
    context: asBoolean(options.context, 'serve.inspect.context', false),
    shown: redactorOf(names),
    origins: textsOf(options.origins, 'origins').map(originOf),
  };
}

function textsOf(given: unknown, name: string): readonly string[] {
  if (given === undefined) return [];
  const field = `serve.inspect.${name}`;
  return asList(given, field, { max: listMax, what: 'texts' }).map((text, at) => {
    if (typeof text !== 'string' || text === '') refuseField(`${field}[${at}]`, 'must be a text');
    return text;
  });
}

function originOf(given: string, at: number): string {
  const isOrigin = URL.canParse(given) && new URL(given).origin === given;
  if (isOrigin) return given;
  return refuseField(
    `serve.inspect.origins[${at}]`,
    'must be an origin, such as https://ops.example',
  );
}
