/**
 * `heddle circuits --ui`: the circuits in the pages. Circuits of this process are served by it, on any free port of
 * this machine alone; the server is there until a signal, because the page asks it for the audit. Of circuits on a
 * heddle that serves, its own pages are shown, and they stay without this process.
 */
import { once } from 'node:events';
import type { CircuitsAround, CircuitsAt } from '../../circuits/run.ts';
import { tenantPrefix } from '../../circuits/circuit.ts';
import type { Stream } from '../streams.ts';
import { openBrowser, openerOf } from './open-browser.ts';

type Around = {
  readonly note: (line: string) => void;
  /** Shows what has come of the circuits. */
  readonly results: () => void;
  readonly signal: AbortSignal;
  readonly stdout: Stream;
};

export function inPages(around: Around): NonNullable<CircuitsAround['within']> {
  return (at, work) => (at.kind === 'here' ? here(at, work, around) : elsewhere(at, work, around));
}

async function here(
  { heddle }: Extract<CircuitsAt, { kind: 'here' }>,
  work: () => Promise<boolean>,
  around: Around,
): Promise<boolean> {
  const { note, results, signal } = around;
  const { serve } = await import('../../server.ts');
  const server = await serve(heddle, { port: 0 });
  try {
    show(server.url, around);
    const clean = await work();
    results();
    if (!signal.aborted) {
      note('The page stays, with the audit in it, until Ctrl-C.');
      await once(signal, 'abort');
    }
    return clean;
  } finally {
    await server.close();
  }
}

function elsewhere(
  { url }: Extract<CircuitsAt, { kind: 'behind-http' }>,
  work: () => Promise<boolean>,
  around: Around,
): Promise<boolean> {
  show(url, around);
  return work();
}

/** The page follows the circuits from scale to scale: each has a tenant of its own, and its name begins so. */
function show(url: string, { note, stdout }: Around): void {
  const page = `${url}/ui/activity?follow=${tenantPrefix}`;
  note(`Watch the circuits at ${page}`);
  const opener = stdout.isTTY === true ? openerOf(process.platform, process.env) : null;
  if (opener !== null) openBrowser(opener, page);
}
