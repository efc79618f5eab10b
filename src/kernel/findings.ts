/** What registration finds: refusals, all of them at once, and warnings. */
import type { AnyStateMachine } from 'xstate';

export class Findings {
  readonly refusals: string[] = [];
  readonly warnings: string[] = [];
  /** Those that are also logged. */
  readonly aloud: string[] = [];
  readonly machine: AnyStateMachine;

  constructor(machine: AnyStateMachine) {
    this.machine = machine;
  }

  /** `what` is refused at `place`; `mend` says what to write instead. */
  refuse(place: string, what: string, mend: string): void {
    this.refusals.push(`${place}: ${what}; ${mend}.`);
  }

  warn(place: string, what: string): void {
    this.warnings.push(`${place}: ${what}.`);
  }

  /** Something that heddle does otherwise than its author may think: said when the agent is taken. */
  warnAloud(place: string, what: string): void {
    this.warn(place, what);
    this.aloud.push(`${place}: ${what}.`);
  }

  has(kind: 'actions' | 'actors' | 'delays' | 'guards', name: string): boolean {
    return Object.hasOwn(this.machine.implementations[kind] as object, name);
  }
}
