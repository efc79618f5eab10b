/** A request that leaves, judged: by its vendor's rules, and by what must go back and what must not. */
import type { GenerateRequest } from '../../../src/domain/catalogue.ts';
import { ownMark } from './model-answers.ts';
import { reasoningDue } from './reasoning-due.ts';
import type { Fields } from './rules/refusal.ts';
import type { Vendor } from './vendors.ts';

/** A vendor would have refused a body. */
export class Refusal extends Error {
  constructor(sentence: string, body: Fields, input: GenerateRequest) {
    super(`${sentence}\n${JSON.stringify(body, null, 1)}\nwas made of\n${JSON.stringify(input)}`);
    this.name = 'Refusal';
  }
}

/** Null: the vendor takes the body. `input`: what it was made of, before its history was made valid. */
export function refusalOf(vendor: Vendor, body: Fields, input: GenerateRequest): string | null {
  return vendor.refusal(body) ?? missing(vendor, body, input) ?? stray(vendor, body);
}

/** Reasoning that must go back, and does not. */
function missing(vendor: Vendor, body: Fields, input: GenerateRequest): string | null {
  const text = JSON.stringify(body);
  const lost = reasoningDue(vendor, body, input).find((due) => !text.includes(due));
  return lost === undefined ? null : `reasoning is lost: ${lost}`;
}

/** What belongs to another provider or model. */
function stray({ provider }: Vendor, body: Fields): string | null {
  const own = ownMark(provider.name, String(body['model']));
  const marks = JSON.stringify(body).match(/«[^»]*»/g) ?? [];
  const foreign = marks.find((mark) => mark !== own);
  return foreign === undefined ? null : `${own} gets what ${foreign} wrote`;
}

/** Counts what a body holds. */
export function tally(reached: Record<string, number>, { protocol }: Vendor, body: Fields): void {
  const count = (what: string): void => {
    reached[what] = (reached[what] ?? 0) + 1;
  };
  count(protocol);
  const text = JSON.stringify(body);
  const places: Readonly<Record<string, RegExp>> = {
    'a tool result': /"role":"tool"|"type":"tool_result"/,
    reasoning: /"signature":|"redacted_thinking"|"reasoning(_content)?":"«|"thinking":"«/,
    'an image': /"type":"image|"images":/,
    'an opaque part': /"server_tool_use"|"reasoning_details"/,
    'an interrupted call': /was interrupted/,
    'a mark for the cache': /"cache_control"/,
    'a schema of the answer': /"format":|"response_format"/,
    'a repair': /does not fit|is not JSON/,
  };
  for (const [what, pattern] of Object.entries(places)) if (pattern.test(text)) count(what);
}
