/** A run's waits in words for people: what is waited for, and what ends it. */
import type { RunRow } from '../../store/rows.ts';
import type { Beside } from './beside.ts';
import type { Place } from '../../domain/calls/phase.ts';
import { spanWords } from './span-words.ts';
import type { GateState, Wait } from './wait.ts';
import { waitsOf } from './waits-of.ts';

const namedMax = 20;

/** All waits of the run in one line; null when it has ended. */
export function waitText(row: RunRow, beside: Beside): string | null {
  if (row.endedAtMs !== null) return null;
  return wordsOfAll(waitsOf(row, beside));
}

/** The first of these waits, and how many more there are. */
export function wordsOfAll(waits: readonly Wait[]): string {
  const more = waits.length > namedMax ? [`and ${waits.length - namedMax} more`] : [];
  return [...waits.slice(0, namedMax).map(waitWords), ...more].join('; ');
}

function waitWords(wait: Wait): string {
  const until = 'invocationId' in wait && wait.dueInMs !== null;
  return whatWords(wait) + (until ? `, ${inTime(wait.dueInMs)} at the latest` : '');
}

function whatWords(wait: Wait): string {
  switch (wait.kind) {
    case 'begin':
      return (
        (wait.reason ??
          'it has not begun: runs that came before it, or go before it, begin first') +
        placeWords(wait.place)
      );
    case 'turn':
      return 'its turn is under way';
    case 'pause':
      return pauseWords(wait);
    case 'slot':
      if (wait.phase === 'answered') return answeredWords(wait.invocationId);
      return `call ${wait.invocationId} waits for a slot: ${gatesWords(wait.gates)}${placeWords(wait.place)}`;
    case 'call':
      if (wait.phase === 'answered') return answeredWords(wait.invocationId);
      return `call ${wait.invocationId} is out at provider ${wait.provider}, attempt ${wait.attempt}`;
    case 'channel':
      return `${wait.invocationId} waits for messages on ${wait.channels.length > 1 ? 'channels' : 'channel'} ${wait.channels.join(', ')}`;
    case 'child':
      return `${wait.invocationId} waits for the end of child run ${wait.runId} of agent ${wait.agent}`;
    case 'person':
      return personWords(wait);
    case 'task':
      return `task ${wait.invocationId} (${wait.src}) runs`;
    case 'other':
      return `${wait.invocationId} (${wait.src})`;
    case 'timer':
      return `timer ${wait.id} is due ${inTime(wait.dueInMs)}`;
    case 'event':
      return `state ${typeof wait.state === 'string' ? wait.state : JSON.stringify(wait.state)}: it waits for an event from outside (send), and has nothing else open`;
    default:
      return wait.reason;
  }
}

const answeredWords = (invocationId: string): string =>
  `call ${invocationId} has its result, and the turn that takes it is due`;

function placeWords(place: Place | null): string {
  if (place === null) return '';
  const { length, aheadOfSameUser, estimateMs } = place;
  if (length <= 1) return '; nobody else waits in its line';
  const own =
    aheadOfSameUser === 0 ? 'none of the same user' : `${aheadOfSameUser} of the same user`;
  const when = estimateMs === null ? '' : `, its turn in about ${spanWords(estimateMs)}`;
  return `; ${length} wait in its line, ${own} before it${when}`;
}

function pauseWords({ by, sender, reason }: Extract<Wait, { readonly kind: 'pause' }>): string {
  const person = `by ${sender ?? 'a person'}`;
  const who = by === 'parent' ? `with its parent, ${person}` : person;
  const why = reason === null ? '' : ` (${reason})`;
  return `paused ${who}${why}; it goes on when ${by === 'parent' ? 'its parent' : 'it'} is resumed`;
}

function personWords(wait: Extract<Wait, { readonly kind: 'person' }>): string {
  const { invocationId, question, askId, askedAtMs } = wait;
  if (question === null || askedAtMs === null) return `${invocationId} waits for a person's answer`;
  // oxlint-disable-next-line no-restricted-globals -- an instant as text: no clock is read
  const asked = new Date(askedAtMs).toISOString();
  return `${invocationId} waits for a person's answer, asked ${asked}: "${shortened(question)}" (answer ${askId})`;
}

function gatesWords(gates: readonly GateState[]): string {
  if (gates.length === 0) return 'all of its providers are taken, or it is about to leave';
  return gates.map(gateWords).join(', ');
}

function gateWords({ gate, status, ...of }: GateState): string {
  const said = of.lastFault === null ? '' : ` (${shortened(of.lastFault.text)})`;
  switch (status) {
    case 'cooling':
      return `${gate} asks to wait, for ${spanWords(of.coolForMs)} more`;
    case 'stalled':
    case 'probing':
      return `${gate} does not answer${said} and is asked again ${inTime(of.probeInMs ?? 0)}`;
    case 'parked':
      return `${gate} is parked${said} until a person reopens it`;
    case 'open':
      return `${gate} has ${of.inUse} of ${of.limit} slots taken`;
  }
}

function shortened(words: string): string {
  return words.length <= 200 ? words : `${words.slice(0, 200)}…`;
}

const inTime = (ms: number): string => (ms <= 0 ? 'now' : `in ${spanWords(ms)}`);
