/** How urgent a run is against other runs: higher classes go first, and lower ones keep a floor. */
export const priorities = ['interactive', 'normal', 'batch'] as const;
export type Priority = (typeof priorities)[number];

export const defaultPriority: Priority = 'normal';
