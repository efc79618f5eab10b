/**
 * What a run can be seen in: its status, with the three phases of a provider call in place of `calling-provider`.
 * The order is that of stacks, bottom up. A code is the place in it, one byte; 0 is "not there".
 */
export const looks = [
  'none',
  'completed',
  'cancelled',
  'failed',
  'slot',
  'running-task',
  'admitted',
  'calling-provider',
  'backoff',
  'stalled',
  'waiting-on-person',
  'paused',
  'waiting-on-child',
  'waiting-on-timer',
  'waiting-on-channel',
  'queued',
] as const;

export type Look = Exclude<(typeof looks)[number], 'none'>;
export type Code = number;

const codes = new Map<string, Code>(looks.map((look, code) => [look, code]));

export const codeOf = (look: Look): Code => codes.get(look) ?? 0;
export const codeCount = looks.length;
export const slotCode: Code = codes.get('slot') ?? 0;

/** A run that has been answered is drawn as one whose turn is due. */
export function lookOf(status: string, phase: unknown): Look {
  if (status === 'calling-provider') {
    if (phase === 'in-slot') return 'slot';
    if (phase === 'answered') return 'admitted';
  }
  return codes.has(status) && status !== 'none' ? (status as Look) : 'admitted';
}

export const codeOfRun = (status: string, phase: unknown): Code => codeOf(lookOf(status, phase));

/** In words, as legends and tables say it. */
export const words: Readonly<Record<Look, string>> = {
  queued: 'queued',
  admitted: 'admitted: turn is due',
  slot: 'calling: in a slot',
  'calling-provider': 'calling: waits for a slot',
  'running-task': 'running task',
  'waiting-on-channel': 'waiting on channel',
  'waiting-on-timer': 'waiting on timer',
  'waiting-on-person': 'waiting on person',
  'waiting-on-child': 'waiting on child',
  backoff: 'backoff',
  stalled: 'stalled',
  paused: 'paused',
  completed: 'completed',
  failed: 'failed',
  cancelled: 'cancelled',
};

/** As lists show them, from what moves to what has ended. */
export const listed: readonly Look[] = [
  'queued',
  'admitted',
  'slot',
  'calling-provider',
  'running-task',
  'waiting-on-channel',
  'waiting-on-timer',
  'waiting-on-person',
  'waiting-on-child',
  'backoff',
  'stalled',
  'paused',
  'completed',
  'failed',
  'cancelled',
];

export const isEnded = (look: Look): boolean =>
  look === 'completed' || look === 'failed' || look === 'cancelled';

/** Fills of areas and threads, inks of glyphs and words. */
export const palette: Readonly<
  Record<'light' | 'dark', Readonly<Record<Look, { readonly fill: string; readonly ink: string }>>>
> = {
  light: {
    queued: { fill: '#e4ebfa', ink: '#686f7b' },
    admitted: { fill: '#4897cc', ink: '#2477a0' },
    'calling-provider': { fill: '#bdc7fe', ink: '#5a6aa9' },
    slot: { fill: '#3c45dc', ink: '#4c5df5' },
    'running-task': { fill: '#13879d', ink: '#0f7b80' },
    'waiting-on-channel': { fill: '#fae1ba', ink: '#8d662c' },
    'waiting-on-timer': { fill: '#d8bd80', ink: '#846c1b' },
    'waiting-on-person': { fill: '#940583', ink: '#c61a92' },
    'waiting-on-child': { fill: '#739f6f', ink: '#3c7c4c' },
    backoff: { fill: '#e9a111', ink: '#8e6701' },
    stalled: { fill: '#d36009', ink: '#b44f00' },
    paused: { fill: '#65666a', ink: '#6d6e76' },
    completed: { fill: '#84cfbf', ink: '#137e63' },
    failed: { fill: '#880007', ink: '#d02c2a' },
    cancelled: { fill: '#414248', ink: '#6d6e75' },
  },
  dark: {
    queued: { fill: '#181f2c', ink: '#8b939f' },
    admitted: { fill: '#3893bc', ink: '#4d9cc7' },
    'calling-provider': { fill: '#3e4b9c', ink: '#7d8ed0' },
    slot: { fill: '#8694fd', ink: '#6e86fd' },
    'running-task': { fill: '#73dfe0', ink: '#09a6ad' },
    'waiting-on-channel': { fill: '#372d16', ink: '#b38a50' },
    'waiting-on-timer': { fill: '#5b5a56', ink: '#a89044' },
    'waiting-on-person': { fill: '#f92baa', ink: '#ea46b1' },
    'waiting-on-child': { fill: '#487b42', ink: '#63a471' },
    backoff: { fill: '#edb333', ink: '#bb8805' },
    stalled: { fill: '#f37e4c', ink: '#e26b1b' },
    paused: { fill: '#7c7c80', ink: '#90929a' },
    completed: { fill: '#3e4441', ink: '#48a689' },
    failed: { fill: '#e40c00', ink: '#f45249' },
    cancelled: { fill: '#aeaeb3', ink: '#919298' },
  },
};
