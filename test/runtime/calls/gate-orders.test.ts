/** Orders for gates at one replica: each is carried out once, whatever comes in between. */
import { expect, it } from 'vitest';
import { GateOrders } from '../../../src/runtime/calls/gates/gate-orders.ts';
import type { GateOrderRow } from '../../../src/store/ports/gate-orders-port.ts';
import { reopening } from '../../support/gate-orders.ts';
import { ManualClock } from '../../support/manual-clock.ts';

type Read = { readonly answer: () => void; readonly fail: () => void };

/** `reads`: looks at the orders that nobody has answered yet. Each sees what stands there when it is made. */
function world({ isHeld }: { readonly isHeld: boolean }) {
  const clock = new ManualClock();
  const carriedOut: string[] = [];
  const reads: Read[] = [];
  let rows: readonly GateOrderRow[] = [];
  const write = (): void => {
    const number = (rows[0]?.number ?? 0) + 1;
    rows = [{ ...reopening, gate: 'a', number, agoMs: 0 }];
  };
  const gates = { find: (name: string) => ({ name }), named: () => [] };
  const orders = new GateOrders({
    clock,
    log: { info: () => undefined, warn: () => undefined },
    calls: { order: (name: string) => void carriedOut.push(name), pool: { gates } } as never,
    store: {
      gateOrders: async () => {
        const seen = rows;
        if (!isHeld) return seen;
        return new Promise((resolve, reject) => {
          reads.push({ answer: () => resolve(seen), fail: () => reject(new Error('away')) });
        });
      },
      orderGates: async () => {
        write();
        return ['a'];
      },
    },
  });
  return { clock, orders, carriedOut, reads, write };
}

it('an order that is given before any was read is carried out', async () => {
  const { orders, carriedOut, write } = world({ isHeld: false });
  write();
  await orders.give('a', reopening);
  expect(carriedOut).toEqual(['a']);
});

it('of two looks at once the earlier one may be answered later: nothing is done twice', async () => {
  const { clock, orders, carriedOut, reads, write } = world({ isHeld: true });
  orders.heard();
  reads.shift()?.answer();
  await clock.idle();
  write();
  orders.heard();
  const given = orders.give('a', reopening);
  await clock.idle();
  const [early, late] = reads.splice(0);
  late?.answer();
  await given;
  early?.answer();
  await clock.idle();
  orders.heard();
  await clock.advance(10);
  reads.shift()?.answer();
  await clock.advance(10);
  expect(carriedOut).toEqual(['a']);
});

it('word that comes during a look is not forgotten when the look after it fails', async () => {
  const { clock, orders, carriedOut, reads, write } = world({ isHeld: true });
  orders.heard();
  reads.shift()?.answer();
  await clock.idle();
  orders.heard();
  write();
  orders.heard();
  reads.shift()?.answer();
  await clock.advance(10);
  reads.shift()?.fail();
  await clock.advance(2_000);
  reads.shift()?.answer();
  await clock.idle();
  expect(carriedOut).toEqual(['a']);
});
