/**
 * JSON Schemas made into checks of values, by ajv. It is loaded with the first schema that is compiled: most
 * processes never compile one.
 *
 * Owns the checks that were made, up to a bound. Invariants:
 * 1. Each schema has an instance of ajv of its own, so that no id is in the way of another schema's, and what has
 *    been compiled goes with its check.
 * 2. No check, and no compiling, takes longer than its time.
 */
import type { Ajv, ErrorObject, Options, ValidateFunction } from 'ajv';
import { refuseField } from '../domain/field.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import { thrownText } from '../domain/thrown.ts';
import { checkSchema } from './check-schema.ts';
import type { Dialect } from './dialect.ts';
import { isMembers, patternOf } from './keywords.ts';
import { RecentChecks } from './recent-checks.ts';
import { within } from './within.ts';

/**
 * Null when the value fits, else everything that is wrong with it, in words that call it `name`. Takes a
 * bounded time, and never throws.
 */
export type SchemaCheck = ((value: Json, name?: string) => string | null) & {
  /** What is wrong with a value that does not fit, place by place: the first few. Empty where no place is known. */
  readonly issues: (value: Json) => readonly SchemaIssue[];
};
/** `path`: a JSON pointer to the value that is wrong, missing, or too much; empty for the whole. */
type SchemaIssue = { readonly path: string; readonly reason: string };

const compileMsMax = 5_000;
const checkMsMax = 500;
const issuesMax = 10;
const issueCharsMax = 400;

type Library = Readonly<Record<Dialect, () => Ajv>>;

let loading: Promise<Library> | undefined;
const recent = new RecentChecks<SchemaCheck>();

/** Throws `invalid-field`, which names `field` and the part of it that is wrong. */
export async function compileSchema(schema: Json, field: string): Promise<SchemaCheck> {
  const text = JSON.stringify(schema);
  const known = recent.get(text);
  if (known !== undefined) return known;
  const checked = checkSchema(schema, field);
  loading ??= load();
  const library = await loading.catch((error: unknown) => {
    // The next schema tries again.
    loading = undefined;
    throw error;
  });
  return recent.add(text, compiled(library[checked.dialect](), checked.schema, field));
}

async function load(): Promise<Library> {
  const { Ajv, Ajv2019, Ajv2020, formats } = await import('./ajv.ts');
  const readied = (ajv: Ajv): Ajv => {
    // Another name of `$id` in drafts before 06, and an annotation since.
    ajv.removeKeyword('id');
    return formats.default(ajv);
  };
  return {
    '2020-12': () => readied(new Ajv2020(options)),
    '2019-09': () => readied(new Ajv2019(options)),
    'draft-07': () => readied(new Ajv(options)),
  };
}

const options: Options = {
  allErrors: true,
  logger: false,
  // `required: ['constructor']` is about the object's own keys.
  ownProperties: true,
  // Unknown keywords and formats are annotations.
  strict: false,
  // `checkSchema` has done it, for a thirtieth of what compiling the dialect's own schema costs.
  validateSchema: false,
  code: { regExp: Object.assign(patternOf, { code: 'patternOf' }) },
};

function compiled(ajv: Ajv, schema: JsonObject, field: string): SchemaCheck {
  const validate = compiledIn(ajv, schema, field);
  const issues = (value: Json): readonly SchemaIssue[] => {
    try {
      const done = within(checkMsMax, () => validate(value));
      return done?.result === false ? (validate.errors ?? []).slice(0, issuesMax).map(issueOf) : [];
    } catch {
      return [];
    }
  };
  const check = (value: Json, name = 'value'): string | null => {
    try {
      const done = within(checkMsMax, () => validate(value));
      if (done === undefined) return `checking ${name} takes longer than ${checkMsMax} ms`;
      return done.result ? null : wordsOf(validate.errors ?? [], name);
    } catch (error) {
      return `${name} cannot be checked: ${thrownText(error)}`;
    }
  };
  return Object.assign(check, { issues });
}

function issueOf(error: ErrorObject): SchemaIssue {
  const { instancePath, message = 'does not fit' } = error;
  const { missingProperty, additionalProperty, unevaluatedProperty } = isMembers(error.params)
    ? error.params
    : {};
  const name = missingProperty ?? additionalProperty ?? unevaluatedProperty;
  const path = typeof name === 'string' ? `${instancePath}/${name}` : instancePath;
  const reason = `${message}${detailOf(error)}`;
  return { path: path.slice(0, issueCharsMax), reason: reason.slice(0, issueCharsMax) };
}

function compiledIn(ajv: Ajv, schema: JsonObject, field: string): ValidateFunction {
  try {
    const done = within(compileMsMax, () => ajv.compile(schema));
    return done?.result ?? refuseField(field, `takes longer than ${compileMsMax} ms to compile`);
  } catch (error) {
    return refuseField(field, `is not a JSON Schema that can be used: ${thrownText(error)}`);
  }
}

function wordsOf(errors: readonly ErrorObject[], name: string): string {
  const told = errors.slice(0, issuesMax).map((error) => {
    const words = `${name}${error.instancePath} ${error.message ?? 'does not fit'}${detailOf(error)}`;
    return words.length > issueCharsMax ? `${words.slice(0, issueCharsMax)}…` : words;
  });
  const more = errors.length - told.length;
  return [...told, ...(more > 0 ? [`and ${more} more`] : [])].join(', ');
}

/** The part that ajv's message leaves out. */
function detailOf({ keyword, params }: ErrorObject): string {
  const { allowedValues, allowedValue, additionalProperty, unevaluatedProperty } = isMembers(params)
    ? params
    : {};
  if (keyword === 'enum') return `: ${JSON.stringify(allowedValues)}`;
  if (keyword === 'const') return `: ${JSON.stringify(allowedValue)}`;
  const name = additionalProperty ?? unevaluatedProperty;
  return typeof name === 'string' ? `: ${JSON.stringify(name)}` : '';
}
