/** The table of provider faults: what it decides, and that the documentation shows this very table. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { classify, type FaultRow, faultTable, rowOf } from '../../src/providers/classification.ts';

const code = (names: readonly string[] = []) => names.map((name) => `\`${name}\``).join(', ');

const creditText =
  'Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing.';
const limitText =
  'You have reached your specified API usage limits. You will regain access on 2026-04-01 at 00:00 UTC.';

/** A row as the documentation writes it. */
function written(row: FaultRow): readonly string[] {
  const { codes, types, statuses, texts, breakages, asksToWait, kind, why } = row;
  const seen = [
    ...(codes === undefined ? [] : [`code ${code(codes)}`]),
    ...(types === undefined ? [] : [`type ${code(types)}`]),
    ...(statuses === undefined
      ? []
      : [
          `status ${statuses.map((one) => (typeof one === 'number' ? one : one.join('–'))).join(', ')}`,
        ]),
    ...(texts === undefined ? [] : [`a text that begins ${texts.map(quoted).join(', ')}`]),
    ...(asksToWait === undefined ? [] : ['with a time to wait']),
    ...(breakages === undefined ? [] : [breakages.join(', ')]),
  ];
  const what = row.isContextFull === true ? `${kind}, context-full` : kind;
  return [seen.length === 0 ? 'anything else' : seen.join(' '), what, why];
}

/** A text in a cell of the table. */
const quoted = (text: string) => `“${text}”`;

describe('the table of provider faults', () => {
  it('stands in docs/errors.md row by row', () => {
    const text = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8');
    const section = text.slice(text.indexOf('## Provider faults'));
    const [, , ...rows] = section
      .split('\n')
      .filter((line) => line.startsWith('|'))
      .map((line) =>
        line
          .split('|')
          .slice(1, -1)
          .map((cell) => cell.trim()),
      );
    expect(rows).toEqual(faultTable.map(written));
  });

  it('has a row for everything, and none that an earlier one hides', () => {
    for (const [i, row] of faultTable.entries()) {
      const seen = {
        code: row.codes?.[0] ?? null,
        type: row.types?.[0] ?? null,
        status: statusOf(row),
        text: row.texts?.[0] ?? null,
        breakage: row.breakages?.[0] ?? null,
        asksToWait: row.asksToWait === true,
      };
      expect(classify(seen), `row ${i}`).toBe(row.kind);
    }
    expect(classify({})).toBe('outage');
  });

  it.each([
    [{ status: 429 }, 'rate-limited'],
    [{ status: 529, type: 'overloaded_error' }, 'rate-limited'],
    [{ status: 503 }, 'outage'],
    [{ status: 503, asksToWait: true }, 'rate-limited'],
    [{ status: 503, type: 'busy' }, 'rate-limited'],
    [{ status: 500, type: 'api_error', asksToWait: true }, 'outage'],
    [{ type: 'overloaded_error' }, 'rate-limited'],
    [{ status: 429, code: 'ramp_limit_exceeded' }, 'rate-limited'],
    [{ status: 429, type: 'rate_limit_error', code: 'enforced_spend_limit_reached' }, 'refused'],
    [{ status: 400, code: 'organization_on_hold' }, 'refused'],
    [{ status: 401 }, 'refused'],
    [{ status: 400, type: 'invalid_request_error', text: creditText }, 'refused'],
    [{ status: 400, text: creditText.toUpperCase() }, 'refused'],
    [{ status: 400, text: `messages.0: ${creditText}` }, 'caller'],
    [{ status: 400, text: limitText }, 'refused'],
    [{ status: 400, text: 'This organization has been disabled.' }, 'refused'],
    [{ status: 429, type: 'insufficient_quota', code: 'insufficient_quota' }, 'refused'],
    [{ status: 429, type: 'insufficient_quota' }, 'refused'],
    [{ status: 429, code: 'credit_balance_exhausted' }, 'refused'],
    [{ status: 429, code: 'project_spend_limit_exceeded' }, 'refused'],
    [{ status: 429, code: 'rate_limit_exceeded' }, 'rate-limited'],
    [{ status: 429, code: 'slow_down' }, 'rate-limited'],
    [{ status: 503, code: 'server_is_overloaded' }, 'rate-limited'],
    [{ code: 'server_is_overloaded' }, 'rate-limited'],
    [{ status: 429, text: "you've reached your usage limit, upgrade to continue" }, 'refused'],
    [{ status: 402 }, 'refused'],
    [{ status: 400, type: 'invalid_request_error' }, 'caller'],
    [{ status: 404 }, 'caller'],
    [{ status: 413 }, 'caller'],
    [{ status: 422 }, 'caller'],
    [{ status: 418 }, 'caller'],
    [{ status: 408, type: 'timeout_error' }, 'retry-once'],
    [{ status: 409 }, 'retry-once'],
    [{ status: 504 }, 'outage'],
    [{ status: 302 }, 'outage'],
    [{ breakage: 'idle' }, 'outage'],
    [{ breakage: 'context-overflow' }, 'caller'],
    // The status came before the connection broke: it says more.
    [{ status: 401, breakage: 'cut' }, 'refused'],
  ] as const)('takes %j for %s', (seen, kind) => {
    expect(classify(seen)).toBe(kind);
  });

  it.each([
    {
      status: 400,
      type: 'invalid_request_error',
      text: 'prompt is too long: 9 tokens > 8 maximum',
    },
    { status: 400, code: 'context_length_exceeded' },
    { status: 400, text: 'the input length exceeds the context length' },
    { status: 400, text: "This model's maximum context length is 8192 tokens." },
    { status: 500, text: 'the request exceeds the available context size' },
    { breakage: 'context-overflow' },
  ] as const)('takes %j for a full context', (seen) => {
    expect(rowOf(seen)).toMatchObject({ kind: 'caller', isContextFull: true });
  });
});

function statusOf({ statuses }: FaultRow): number | null {
  const first = statuses?.[0];
  return first === undefined ? null : typeof first === 'number' ? first : first[0];
}
