/** What the emulators refuse with, as the adapters take it: what parks a provider for a person, and what does not. */
import { afterEach, expect, it } from 'vitest';
import { startEmulator } from '../../../src/emulators/emulator.ts';
import type { ErrorName } from '../../../src/emulators/script.ts';
import { callOf, type ClosableProvider, faultOf, wires } from '../../support/provider-wires.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

const expected: Partial<Record<ErrorName, string>> = {
  'invalid-request': 'caller',
  'context-full': 'caller, context-full',
  billing: 'refused',
  'credit-balance': 'refused',
  'usage-limits': 'refused',
  'organization-disabled': 'refused',
  'organization-on-hold': 'refused',
  'spend-limit': 'refused',
  'contract-spend-limit': 'refused',
  'ramp-limit': 'rate-limited',
  'rate-limited': 'rate-limited',
  overloaded: 'rate-limited',
};

for (const wire of wires) {
  it.each(Object.entries(expected))(`${wire.name}: %s is %s`, async (error, kind) => {
    const faults = [
      { kind: 'error', error: error as ErrorName, afterLatency: false, share: 1 },
    ] as const;
    const emulator = await startEmulator({
      protocol: wire.name as 'anthropic' | 'ollama' | 'openai',
      script: { faults, retryAfterMs: 1_000 },
    });
    const provider: ClosableProvider = wire.connect(emulator.url);
    open.push(provider, emulator);
    const fault = await faultOf(provider.call(callOf()));
    expect(fault.isContextFull ? `${fault.kind}, context-full` : fault.kind).toBe(kind);
  });
}
