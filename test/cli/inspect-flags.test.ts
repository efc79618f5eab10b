/** The flags of `heddle serve` about the inspector. */
import { expect, it } from 'vitest';
import { inspectOf, inspectWords } from '../../src/cli/inspect-flags.ts';
import { called } from './called.ts';

it('open nothing unless --inspect stands there', () => {
  expect(inspectOf({})).toBe(false);
  expect(inspectOf({ inspect: true })).toEqual({ context: false, redact: [] });
  const given = { inspect: true, inspectContext: true, inspectRedact: 'apiKey, email,' };
  expect(inspectOf(given)).toEqual({ context: true, redact: ['apiKey', 'email'] });
});

it('are refused where they would do nothing', async () => {
  for (const flags of [['--inspect-context'], ['--inspect-redact', 'a']]) {
    const { code, stderr } = await called('serve', ...flags);
    expect([code, stderr]).toEqual([2, expect.stringContaining('without --inspect')]);
  }
});

it('say where an inspector connects, and what goes to stately.ai', () => {
  const [where, what] = inspectWords('http://127.0.0.1:7070', { context: false });
  expect(where).toContain('ws://127.0.0.1:7070/inspect?agent=NAME');
  expect(what).toContain('http://127.0.0.1:7070/inspect sends charts, states and types of events');
  expect(inspectWords('http://x', { context: true })[1]).toContain('what runs hold');
});
