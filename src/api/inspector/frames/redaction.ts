/** What may be shown of what a run holds. */

/** Where a value stands, for a host's own function. */
export type RedactedAt = {
  /** The run's context, a field of an event, its output, or its error. */
  readonly kind: 'context' | 'event' | 'output' | 'error';
  /** The agent's name. */
  readonly agent: string;
  /** The run's id. */
  readonly runId: string;
};

/** Gives what may be sent in place of the value. It is called for each value, and must not wait. */
export type Redactor = (value: unknown, at: RedactedAt) => unknown;

/** A value as JSON that may be sent. It never throws. */
export type Shown = (value: unknown, at: RedactedAt) => unknown;

/** Larger ones are left out: a frame is for a picture, and is sent ten times a second. */
const shownCharsMax = 65_536;
const redacted = '[redacted]';

/** Names count without case, at any depth. */
export function redactorOf(redact: readonly string[] | Redactor): Shown {
  if (typeof redact === 'function') return (value, at) => byHost(redact, value, at);
  const names = new Set(redact.map((name) => name.toLowerCase()));
  return (value) =>
    fitting(
      JSON.stringify(value, (key, field: unknown) =>
        names.has(key.toLowerCase()) && key !== '' ? redacted : field,
      ),
    );
}

/** The host's function is the host's own code: it gets a copy, and whatever it does, the stream goes on. */
function byHost(redact: Redactor, value: unknown, at: RedactedAt): unknown {
  try {
    const shown = redact(structuredClone(value), at);
    if (shown instanceof Promise) {
      void shown.catch(() => undefined);
      return '[left out: redact must not wait]';
    }
    return fitting(JSON.stringify(shown));
  } catch {
    // What was thrown may quote the value, as errors of JSON.parse do.
    return '[left out: redact threw]';
  }
}

function fitting(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  if (text.length > shownCharsMax) return `[left out: ${text.length} characters]`;
  return JSON.parse(text) as unknown;
}
