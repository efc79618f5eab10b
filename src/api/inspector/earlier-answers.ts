/**
 * A connection may ask for another protocol while an earlier request of it is not answered: Node gives it away at once,
 * and an answer beside another cannot be written, which Node says by throwing.
 */
import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/** Node keeps the answer that is being given, or is next, at its connection. */
type Answering = Duplex & { readonly _httpMessage?: ServerResponse | null };

/** `then` is not called where the connection ends first, or where another listener has taken it. */
export function afterEarlierAnswers(socket: Answering, then: () => void): void {
  const earlier = socket._httpMessage ?? null;
  if (earlier === null) return then();
  const drop = (): void => void socket.destroy();
  socket.on('error', drop);
  earlier.once('close', () => {
    setImmediate(() => {
      socket.off('error', drop);
      // Who has said goodbye meanwhile asks for nothing more.
      if (socket.readableEnded) socket.destroy();
      if (!socket.destroyed) afterEarlierAnswers(socket, then);
    });
  });
}
