/**
 * XState ships a build for development and one for production, which differ in what they throw and
 * in how they are minified: the kernel computes the same on both.
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const script = fileURLToPath(new URL('./xstate-builds-run.ts', import.meta.url));

async function digest(...flags: string[]): Promise<string> {
  // Without the options of this process, which choose a build already.
  const env = { ...process.env, NODE_OPTIONS: '', NODE_ENV: 'production' };
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [...flags, '--import', 'tsx', script],
    { env, cwd: fileURLToPath(new URL('../..', import.meta.url)) },
  );
  return stdout;
}

it('the kernel does the same on both builds of XState', { timeout: 120_000 }, async () => {
  const [production, development] = await Promise.all([
    digest(),
    digest('--conditions=development'),
  ]);
  expect(production).toContain('"build":"production"');
  expect(development).toContain('"build":"development"');
  expect(production.replace('"production"', '"development"')).toBe(development);
  expect(JSON.parse(production)).toMatchObject({ refusals: 2 });
});
