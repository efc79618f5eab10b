/** The named points of a replica at which it is killed. */
export const crashPoints = [
  'load:before',
  'load:after',
  'read:before',
  'read:after',
  'commit:before',
  'commit:sent',
  'commit:after',
  'call:before',
  'call:after',
  'renew:before',
  'renew:after',
  'open:before',
  'open:after',
  'pending:before',
  'pending:after',
] as const;
export type CrashPoint = (typeof crashPoints)[number];
