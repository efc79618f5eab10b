/** The findings of registration: all refusals at once, warnings and advice. */
import type { AnyStateMachine } from 'xstate';

export class Findings {
  readonly refusals: string[] = [];
  readonly warnings: string[] = [];
  readonly advice: string[] = [];
  readonly machine: AnyStateMachine;

  constructor(machine: AnyStateMachine) {
    this.machine = machine;
  }

  /** Refuses `what` at `place`; `mend` says how to write it instead. */
  refuse(place: string, what: string, mend: string): void {
    this.refusals.push(`${place}: ${what}; ${mend}.`);
  }

  warn(place: string, what: string): void {
    this.warnings.push(`${place}: ${what}.`);
  }

  advise(place: string, what: string): void {
    this.advice.push(`${place}: ${what}.`);
  }

  has(kind: 'actions' | 'actors' | 'delays' | 'guards', name: string): boolean {
    return Object.hasOwn(this.machine.implementations[kind] as object, name);
  }
}
