/** An answer that cannot be used, and how it broke. */
import type { Breakage } from '../../classification.ts';

export class BrokenAnswer extends Error {
  readonly breakage: Breakage;

  constructor(breakage: Breakage, message: string) {
    super(message);
    this.name = 'BrokenAnswer';
    this.breakage = breakage;
  }
}
