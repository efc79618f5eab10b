/**
 * A whole answer becomes a result; a part of one never does, wherever it is cut. Adapters that take
 * a part for the whole must be caught by the same check, else it proves nothing.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { callOf, type ClosableProvider, faultOf, wires } from '../../support/provider-wires.ts';
import { whole } from '../../support/wire-server.ts';
import { type Cut, CutServer, cutsOf, texts, tool } from './cuts.ts';
import { type PlantedBug, plantedBugs } from './planted.ts';

async function planted<Result>(bug: PlantedBug, run: () => Promise<Result>): Promise<Result> {
  const undo = bug.plant();
  try {
    return await run();
  } finally {
    undo();
  }
}

for (const wire of wires) {
  describe(`an answer of ${wire.name}`, () => {
    let server: CutServer;
    let provider: ClosableProvider;

    /** What a correct adapter makes of them: nothing but outages, and results where all is there. */
    const expectNoPart = async (cuts: readonly Cut[]): Promise<void> => {
      expect(await server.firstFinding(provider, cuts)).toBe(null);
    };

    beforeEach(async () => {
      server = await CutServer.start();
      provider = wire.connect(server.url);
    });

    afterEach(async () => {
      await provider.close();
      await server.close();
    });

    it('becomes a result when it is whole, with its text as it came', async () => {
      server.answer(whole(wire.answer(texts, tool)));
      const shown: string[] = [];
      const output = await provider.call(callOf({ onText: (text) => void shown.push(text) }));
      expect(shown).toEqual(texts);
      expect(output).toMatchObject({
        text: texts.join(''),
        toolCalls: [{ name: 'look', input: tool }],
        stopReason: 'tool-calls',
        usage: { inputTokens: 12, outputTokens: 34 },
        provider: wire.name,
      });
      expect(output.toolCalls[0]?.id).toMatch(/^[\w-]+$/);
      expect(server.requests[0]?.line).toBe(`POST ${wire.path} HTTP/1.1`);
    });

    it('is never one in part, when the connection ends at any event or any byte', async () => {
      const cuts = cutsOf.brokenConnections(wire);
      expect(cuts.some(({ isWhole }) => isWhole)).toBe(true);
      await expectNoPart(cuts);
    });

    it('is never one in part, when the body ends early as if it were whole', async () => {
      const cuts = cutsOf.shortBodies(wire);
      expect(cuts.some(({ isWhole }) => isWhole)).toBe(true);
      await expectNoPart(cuts);
    });

    it('is none when it ends without a reason, where the protocol has one', async () => {
      await expectNoPart(cutsOf.endsWithoutReason(wire));
    });

    for (const bug of plantedBugs.filter((one) => one.wire === wire.name)) {
      it(`would be caught as a part, where an adapter ${bug.name}`, async () => {
        for (const kind of bug.cuts) {
          const found = await planted(bug, () => server.firstFinding(provider, cutsOf[kind](wire)));
          if (found === null) throw new Error(`not noticed by ${kind}`);
          expect(found.finding).toMatch(bug.finding);
          // The very cut that showed it shows nothing where the bug is not.
          expect(await server.finding(provider, found.cut)).toBe(null);
        }
      });
    }

    it('may come byte by byte', async () => {
      const full = Buffer.concat(wire.answer(texts, tool).map((event) => Buffer.from(event)));
      server.answer(whole([...full].map((byte) => Uint8Array.of(byte))));
      const output = await provider.call(callOf());
      expect(output).toMatchObject({ text: texts.join(''), toolCalls: [{ input: tool }] });
    });

    it('is an outage where it is no such stream at all', async () => {
      for (const body of ['<html>Welcome to the hotel</html>', '', '{}\n', 'null\n', '[1]\n']) {
        server.answer(whole([body]));
        expect((await faultOf(provider.call(callOf()))).kind, body).toBe('outage');
      }
    });
  });
}
