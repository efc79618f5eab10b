/** A turn that is computed: what its commit writes, and how it leaves its run. */
import type { ErrorRecord } from '../../domain/errors.ts';
import type { Json } from '../../domain/json.ts';
import type { ChartState } from '../../kernel/port.ts';
import type { RunStatus } from '../../../machines/run.ts';
import type { Draft } from './draft.ts';

export type FoldedTurn = {
  readonly draft: Draft;
  readonly state: ChartState | null;
  readonly status: RunStatus;
  readonly reason: string | null;
  readonly ended: { readonly output: Json | undefined; readonly error: ErrorRecord | null } | null;
  /** False when nothing happened that must be written. */
  readonly changed: boolean;
};
