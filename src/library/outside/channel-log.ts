/** A channel as it is read and leased from outside runs, beside what `Heddle` gives. */
import { heddleError } from '../../domain/errors.ts';
import { checkName } from '../../domain/ids.ts';
import type { OneTenant } from '../../domain/scope.ts';
import type { GroupAddress } from '../../store/rows.ts';
import type { RequestAsked } from '../../store/requests/request-rows.ts';
import type { ChannelLog } from '../../store/watch-port.ts';
import type { Clock } from '../../runtime/ports.ts';
import type { Heddle } from '../library.ts';

/** How long to wait before a channel is looked at again: messages of other replicas give no notice. */
const lookAgainMs = { first: 50, last: 1_000 } as const;

type Read = {
  readonly scope: OneTenant;
  readonly channel: string;
  readonly after: number;
  readonly limit: number;
};
type Runtime = Pick<Heddle, 'runtime'>;

async function look({ runtime }: Runtime, read: Read): Promise<ChannelLog> {
  const channel = checkName(read.channel, 'channel');
  const [found] = await runtime.store.channelLogs([{ ...read, channel }]);
  if (found === undefined) throw new TypeError('a read was not answered');
  return found;
}

/** The messages above `after`; waits for the first of them, `waitMs` at most. Takes nothing. */
export async function readLog(
  heddle: Runtime,
  read: Read,
  wait: { readonly waitMs: number; readonly closing: AbortSignal },
): Promise<ChannelLog> {
  const { clock } = heddle.runtime;
  const untilMs = clock.nowMs() + wait.waitMs;
  for (
    let pauseMs: number = lookAgainMs.first;
    ;
    pauseMs = Math.min(pauseMs * 2, lookAgainMs.last)
  ) {
    const found = await look(heddle, read);
    const leftMs = untilMs - clock.nowMs();
    if (found.rows.length > 0 || leftMs <= 0 || wait.closing.aborted) return found;
    await pause(clock, Math.min(pauseMs, leftMs), wait.closing);
  }
}

async function pause(clock: Clock, forMs: number, closing: AbortSignal): Promise<void> {
  let wake = (): void => undefined;
  const cancel = clock.setTimer(forMs, () => wake());
  const over = new Promise<void>((resolve) => {
    wake = resolve;
  });
  closing.addEventListener('abort', wake);
  await over;
  closing.removeEventListener('abort', wake);
  cancel();
}

/** By index: false for a token whose lease has ended, or that was acknowledged before. */
export async function acknowledgeAll(
  { runtime }: Runtime,
  scope: OneTenant,
  at: Pick<GroupAddress, 'channel' | 'group'> & { readonly tokens: readonly string[] },
  request: RequestAsked | null = null,
): Promise<readonly boolean[]> {
  const channel = checkName(at.channel, 'channel');
  const group = checkName(at.group, 'group');
  const asked = { channel, group, tokens: at.tokens };
  return runtime.store.acknowledge(scope, request === null ? asked : { ...asked, request });
}

/**
 * By index, as `acknowledgeAll`. Throws `lease-lost` when all of them are: then nothing was changed. So who holds one
 * message is refused, and who holds several learns which of them are lost.
 */
export async function renewAll(
  { runtime }: Runtime,
  scope: OneTenant,
  at: Pick<GroupAddress, 'channel' | 'group'> & {
    readonly tokens: readonly string[];
    readonly leaseMs: number;
  },
): Promise<readonly boolean[]> {
  const channel = checkName(at.channel, 'channel');
  const group = checkName(at.group, 'group');
  const { tokens, leaseMs } = at;
  const renewed = await runtime.store.renewLeases(scope, { channel, group, tokens, leaseMs });
  if (renewed.includes(true)) return renewed;
  const seq = Number.parseInt(tokens[0] ?? '', 10);
  throw heddleError('lease-lost', { channel, seq: Number.isNaN(seq) ? 0 : seq });
}
