/** Orders that a person gives for gates. */
import fc from 'fast-check';
import type { GateOrder } from '../../src/domain/calls/gate-order.ts';

export const reopening: GateOrder = { kind: 'reopen', endsCooling: false, by: 'ann' };
export const probing: GateOrder = { kind: 'probe', endsCooling: false, by: 'ann' };

export const orders: fc.Arbitrary<GateOrder> = fc.record({
  kind: fc.constantFrom('reopen' as const, 'reopen' as const, 'probe' as const),
  endsCooling: fc.boolean(),
  by: fc.constant('ann'),
});
