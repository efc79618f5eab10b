/** A refusal in words for people: what has happened, and what to do. The error's own message stands beside them. */

export type TroubleWords = {
  readonly title: string;
  /** Null: the message says it. */
  readonly todo: string | null;
};

type Refusal = { readonly code: string; readonly status: number; readonly scope?: string };

const byCode: Readonly<Record<string, TroubleWords>> = {
  'run-unknown': {
    title: 'There is no such run here.',
    todo: 'It may be of another tenant: choose it at the top. Runs that ended long ago may have been deleted.',
  },
  'agent-unknown': {
    title: 'There is no such agent here.',
    todo: 'A replica registers agents: heddle serve MODULES. The list of agents shows those that are known.',
  },
  'entry-unknown': {
    title: 'There is no such entry.',
    todo: 'It may be of another owner, or have never been written.',
  },
  'version-missing': {
    title: 'This version of the agent is not here.',
    todo: 'What needs its chart waits, and goes on by itself when a replica registers the version again.',
  },
  'queue-full': {
    title: 'heddle takes no more for now.',
    todo: 'Try again when runs have ended; what was accepted goes on.',
  },
};

/** It is shown only where heddle itself is there: else the head of the page says that it is away. */
const unanswered: TroubleWords = {
  title: 'heddle has not answered this.',
  todo: 'It may have much to do, or be about to stop. Ask again in a moment.',
};

/** Nobody has answered, or only to say that he cannot. */
export const isAbsence = ({ code, status }: Pick<Refusal, 'code' | 'status'>): boolean =>
  code === 'unreachable' || status === 503;

/** Null: no refusal of heddle's; something in the page went wrong. */
export function troubleWords(refusal: Refusal | null): TroubleWords {
  if (refusal === null) return { title: 'Something went wrong in this page.', todo: null };
  const { code, status } = refusal;
  const known = byCode[code];
  if (known !== undefined) return known;
  if (isAbsence(refusal)) return unanswered;
  if (status === 403) {
    return {
      title: 'Your token may not do this.',
      todo: 'Ask for one that may: heddle tokens create NAME --scopes LIST. Nothing was changed.',
    };
  }
  if (status === 429) {
    return { title: 'Too much was asked at once.', todo: 'Wait a moment, and ask again.' };
  }
  if (status === 404) return { title: 'There is no such thing here.', todo: null };
  if (status >= 500) return { title: 'heddle has failed to do this.', todo: null };
  return { title: 'heddle has refused this.', todo: 'Nothing was changed.' };
}
