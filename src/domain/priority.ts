/** How urgent a run is against other runs: higher classes go first, and lower classes keep a least share. */
export type Priority = 'interactive' | 'normal' | 'batch';

/** The highest class first. */
export const priorities: readonly Priority[] = ['interactive', 'normal', 'batch'];

export const defaultPriority: Priority = 'normal';
