/**
 * The adapters against somebody else's idea of the two protocols: our own servers in these tests could
 * share a mistake with the code that they test.
 */
import { LLMock } from '@copilotkit/aimock';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { callOf, type ClosableProvider, faultOf, wires } from '../../support/provider-wires.ts';

for (const wire of wires) {
  describe(`a mock that others wrote of ${wire.name}`, () => {
    const mock = new LLMock({ port: 0, logLevel: 'silent' });
    let provider: ClosableProvider;

    beforeAll(async () => {
      mock.onMessage('why', { content: 'It lifts a thread: “ü🧵”.' });
      mock.onMessage('look', {
        toolCalls: [
          { name: 'look', arguments: '{"query":"warp"}' },
          { name: 'count', arguments: '{"of":["a","b"]}' },
        ],
      });
      const error = { message: 'slow down', type: 'overloaded_error' };
      mock.onMessage('busy', { error, status: 529 });
      mock.onMessage('bad', {
        error: { message: 'no', type: 'invalid_request_error' },
        status: 400,
      });
      await mock.start();
      provider = wire.connect(mock.url);
    });

    afterAll(async () => {
      await provider.close();
      await mock.stop();
    });

    const tools = [{ name: 'look', inputSchema: { type: 'object' } }];

    it('answers with text, as it comes', async () => {
      const shown: string[] = [];
      const call = callOf({ input: { prompt: 'why' }, onText: (text) => void shown.push(text) });
      const output = await provider.call(call);
      expect(output).toMatchObject({ text: 'It lifts a thread: “ü🧵”.', stopReason: 'end' });
      expect(shown.join('')).toBe(output.text);
    });

    it('answers with tool calls', async () => {
      const output = await provider.call(callOf({ input: { prompt: 'look', tools } }));
      expect(output.stopReason).toBe('tool-calls');
      expect(output.toolCalls).toMatchObject([
        { name: 'look', input: { query: 'warp' } },
        { name: 'count', input: { of: ['a', 'b'] } },
      ]);
    });

    it('refuses as the table says', async () => {
      const busy = await faultOf(provider.call(callOf({ input: { prompt: 'busy' } })));
      expect(busy.kind).toBe('rate-limited');
      const bad = await faultOf(provider.call(callOf({ input: { prompt: 'bad' } })));
      expect(bad.kind).toBe('caller');
    });
  });
}
