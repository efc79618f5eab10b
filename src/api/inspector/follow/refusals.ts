/** How an inspector is told that it gets nothing: in words, as a frame and in the close. */
import { HeddleError } from '../../../domain/errors.ts';
import type { FrameSocket } from './frame-socket.ts';

export const isRefusal = (error: unknown): error is HeddleError =>
  error instanceof HeddleError && error.status >= 400 && error.status < 500;

/** After a fault, or where there is no room, the client should come again. */
export function refuseSocket(socket: FrameSocket, error: unknown): void {
  if (!(error instanceof HeddleError)) {
    const end = { type: '@heddle.end', reason: 'fault', resume: true };
    return socket.end(end, { code: 1011, reason: 'fault: connect again' });
  }
  const { code, message } = error;
  const refused = { type: '@heddle.refused', code, message };
  socket.end(refused, { code: isRefusal(error) ? 1008 : 1013, reason: `${code}: ${message}` });
}
