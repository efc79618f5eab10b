/** How urgent a run is against other runs: higher classes go first, and lower ones keep a floor. */
export type Priority = 'interactive' | 'normal' | 'batch';

/** The highest first. */
export const priorities: readonly Priority[] = ['interactive', 'normal', 'batch'];

export const defaultPriority: Priority = 'normal';
