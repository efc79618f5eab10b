/**
 * What calls have cost, as the provider saw them. Where a kill or a cancel races with the end of a
 * call, either may have come first: so the bill has a least and a most.
 */
type Call = {
  readonly user: string;
  readonly runId: string;
  state: 'flying' | 'backoff' | 'over' | 'lost';
  /** Ended since everything was last at rest: whether that was committed is not known. */
  fresh: boolean;
  least: number;
  most: number;
};

export class Bill {
  readonly #calls = new Map<string, Call>();
  readonly #reserve: number;
  readonly #cancelled = new Set<string>();
  readonly #slack = new Map<string, number>();

  /** `reserve`: what each call reserves. */
  constructor(reserve: number) {
    this.#reserve = reserve;
  }

  sent(key: string, at: { readonly user: string; readonly runId: string }): void {
    const call = this.#calls.get(key);
    if (this.#cancelled.has(at.runId)) {
      // Sent while the cancel was on its way.
      const least = call?.least ?? 0;
      const most = (call?.most ?? 0) + this.#reserve;
      this.#calls.set(key, { ...at, state: 'over', fresh: false, least, most });
      return;
    }
    if (call === undefined) {
      this.#calls.set(key, { ...at, state: 'flying', fresh: false, least: 0, most: 0 });
      return;
    }
    if (call.state === 'over' && !call.fresh) throw new Error(`${key} was over and is made again`);
    call.state = 'flying';
    call.fresh = false;
  }

  ended(key: string, used: number | 'comes back'): void {
    const call = this.#of(key);
    if (this.#cancelled.has(call.runId)) return;
    call.fresh = true;
    call.state = used === 'comes back' ? 'backoff' : 'over';
    if (used !== 'comes back') this.#add(call, used, used);
    // Its own limit may end it before it is sent again.
    else call.most += this.#reserve;
  }

  cancelled(runId: string): void {
    this.#cancelled.add(runId);
    for (const call of this.#calls.values()) {
      if (call.runId !== runId) continue;
      if (call.state === 'flying') this.#add(call, this.#reserve, this.#reserve);
      else if (call.state === 'over' && call.fresh) this.#unsure(call);
      call.state = 'over';
    }
  }

  /** The replica is gone: what was under way is made again, or was in vain. */
  killed(open: readonly { readonly user: string; readonly runId: string }[]): void {
    const calls = [...this.#calls.values()];
    const racing = calls.some(({ fresh }) => fresh);
    for (const call of calls) {
      if (call.state === 'flying') {
        this.#add(call, this.#reserve, this.#reserve);
        call.state = 'lost';
      } else if (call.fresh) this.#unsure(call);
    }
    if (!racing) return;
    // An end frees a slot: a call that came into it may not have been sent yet.
    for (const { user } of open)
      this.#slack.set(user, (this.#slack.get(user) ?? 0) + this.#reserve);
  }

  /** Everything that followed is committed. */
  atRest(): void {
    for (const call of this.#calls.values()) call.fresh = false;
  }

  of(user: string): { readonly least: number; readonly most: number } {
    const own = [...this.#calls.values()].filter((call) => call.user === user);
    const most = own.reduce((sum, call) => sum + call.most, this.#slack.get(user) ?? 0);
    return { least: own.reduce((sum, call) => sum + call.least, 0), most };
  }

  #of(key: string): Call {
    const call = this.#calls.get(key);
    if (call === undefined) throw new Error(`${key} was never sent`);
    return call;
  }

  #add(call: Call, least: number, most: number): void {
    call.least += least;
    call.most += most;
  }

  /** Its end was not committed, perhaps: then all that it had reserved is spent. */
  #unsure(call: Call): void {
    call.least = Math.max(0, call.least - this.#reserve);
    call.most += this.#reserve;
  }
}
