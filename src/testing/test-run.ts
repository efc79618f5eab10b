/** A run's handle in a test: `output` rejects when nothing is left that could end the run. */
import { heddleError } from '../domain/errors.ts';
import type { OneTenant } from '../domain/scope.ts';
import type { OutputOf } from '../library/chart-types.ts';
import { Run, type OutputOptions } from '../library/run-handle.ts';
import type { RunAddress } from '../store/rows.ts';
import type { TestWorld } from './test-world.ts';

export class TestRun<out Chart = unknown> extends Run<Chart> {
  readonly #world: TestWorld;

  constructor(world: TestWorld, address: RunAddress, scope: OneTenant) {
    super(world.face, address, { scope, by: 'library' });
    this.#world = world;
  }

  override async output(options: OutputOptions = {}): Promise<OutputOf<Chart>> {
    const vain = this.#world.hostWaits.inVain(() => this.waitsInVain());
    try {
      return await Promise.race([super.output(options), vain.told]);
    } finally {
      vain.stop();
    }
  }

  /** Makes the error that says why the run does not end, and what a test can do about it. */
  async waitsInVain(): Promise<Error> {
    const { agent, status } = await this.row();
    const waits = (await this.waitsFor()) ?? 'nothing';
    return heddleError('test-run-waits', { runId: this.id, agent, status, waits });
  }
}
