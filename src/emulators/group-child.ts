/**
 * The process that a group of emulators lives in, so that what they cost is not part of what is measured
 * beside them. It lives as long as the channel to whoever started it, and no signal of a terminal ends it
 * before that: who closes in good order still has calls under way.
 */
import { EmulatorGroup } from './emulator-group.ts';
import type { GroupMessage, GroupReply, GroupRequest } from './group-messages.ts';

/** Often enough for whoever draws it, seldom enough to cost nothing. */
const tellSlotsMs = 100;

let group: EmulatorGroup | null = null;

function say(message: GroupMessage): void {
  // Who started this may be gone by now; then `disconnect` ends it.
  if (process.connected) process.send?.(message, undefined, {}, () => undefined);
}

async function answer(request: GroupRequest): Promise<GroupReply> {
  if (request.kind === 'start') {
    group = await EmulatorGroup.start(request.members);
    return { kind: 'started', urls: group.urls };
  }
  if (group === null) throw new TypeError('the emulators have not been started');
  if (request.kind === 'stats') return { kind: 'stats', stats: group.stats() };
  await group.setOutages(request.outages);
  return { kind: 'outages' };
}

function tellSlots(): void {
  if (group !== null) say({ kind: 'slots', slots: group.takeSlots() });
}

process.on('message', (request: GroupRequest) => {
  const { number } = request;
  answer(request).then(
    (reply) => {
      tellSlots();
      say({ kind: 'reply', number, reply });
    },
    (error: unknown) => say({ kind: 'failed', number, reason: String(error) }),
  );
});
const telling = setInterval(() => {
  if (group?.hasSlotChanges === true) tellSlots();
}, tellSlotsMs);

process.once('disconnect', () => {
  clearInterval(telling);
  // Its sockets go with the process, and nobody waits for their end.
  process.exit();
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined);
