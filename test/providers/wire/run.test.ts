/** A run over a real adapter: what its chart gets of an answer, and of a refusal. */
import { afterEach, expect, it } from 'vitest';
import { oneReplica } from '../../support/replica.ts';
import { type ClosableProvider, wires } from '../../support/provider-wires.ts';
import { whole, WireServer } from '../../support/wire-server.ts';

const open: (WireServer | ClosableProvider)[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

for (const wire of wires) {
  it(`gets the result of ${wire.name}, and no key or noise in its error`, async () => {
    const answers = [
      whole(['{"error":{"type":"invalid_request_error","message":"no\\u0000pe"}}'], {
        status: 400,
      }),
      whole(wire.answer(['It lifts ', 'a\u0000 thread.'], { query: 'warp\u0000' })),
    ];
    const server = await WireServer.start(({ socket }) => socket.end(answers.shift() ?? ''));
    const provider = wire.connect(server.url);
    open.push(provider, server);
    const { heddle } = await oneReplica({ providers: [provider] });
    const step = { do: 'generate' as const, with: { prompt: 'Why?' } };
    const run = await heddle.start('script', { input: { steps: [step, step] } });
    expect(await run.output()).toMatchObject([
      { failed: { code: 'provider-refused', message: expect.stringContaining('nope') as string } },
      { done: { text: 'It lifts a thread.', toolCalls: [{ input: { query: 'warp' } }] } },
    ]);
  });
}
