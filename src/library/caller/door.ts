/**
 * The way from the library's calls to the runtime. After `shut` no call passes: each is refused as `closed`.
 */
import { heddleError } from '../../domain/errors.ts';
import type { TenantScope } from '../../domain/scope.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import type { RequestAsked } from '../../store/requests/request-rows.ts';

/** Who calls: the tenants that they may name, what stands beside their commands, and the request that they make. */
export type Caller = {
  readonly scope: TenantScope;
  readonly by: string;
  readonly request?: RequestAsked | null;
  /** Set for a request that has several effects, each in a transaction of its own. */
  readonly claimed?: ClaimedRequest | null;
};

/** A request that is carried out under a claim: each of its effects is kept as a part of it, and so is made once. */
export type ClaimedRequest = {
  readonly request: RequestAsked;
  /** Throws `request-running` when another may carry it out by now. */
  readonly checkHeld: () => void;
};

export class Door {
  readonly runtime: Runtime;
  #isShut = false;

  constructor(runtime: Runtime) {
    this.runtime = runtime;
  }

  /** The runtime; throws `closed` after the close has begun. */
  open(): Runtime {
    if (this.#isShut) throw heddleError('closed');
    return this.runtime;
  }

  shut(): void {
    this.#isShut = true;
  }
}
