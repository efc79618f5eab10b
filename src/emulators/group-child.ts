/**
 * The process of a group of emulators. It is a process of its own so that the emulators' cost is
 * not part of the measurements in the process that starts it. It ends when the channel to that
 * process ends. A signal from a terminal does not end it, because the other process, when it closes
 * in good order, still has calls under way.
 */
import { EmulatorGroup } from './emulator-group.ts';
import type { GroupMessage, GroupReply, GroupRequest } from './group-messages.ts';

/** Often enough for a display that draws the slots, and seldom enough to cost nothing. */
const tellSlotsMs = 100;

let group: EmulatorGroup | null = null;

function say(message: GroupMessage): void {
  // The process that started this one may be gone; `disconnect` then ends this one.
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
  // The sockets end with the process, and no client waits for a clean end.
  process.exit();
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined);
