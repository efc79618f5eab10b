/** What a module may export for `heddle serve` to find its agents. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { agentsAt } from '../../src/cli/serve-config.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'heddle-modules-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const looms = pathToFileURL(join(import.meta.dirname, 'modules/looms.mjs')).href;

/** How many agents a module with this text has. */
async function found(name: string, text: string): Promise<number> {
  const path = join(folder, `${name}.mjs`);
  await writeFile(path, `import { loom } from '${looms}';\n${text}`);
  return (await agentsAt([path])).length;
}

it.each([
  ['named', 'export { loom };', 1],
  ['default', 'export default loom;', 1],
  ['twice', 'export { loom }; export default loom;', 1],
  ['with-version', "export default { machine: loom, version: '1' };", 1],
  ['list', "export default [{ machine: loom, version: '1' }, { machine: loom, version: '2' }];", 2],
  ['beside-others', 'export const agents = [loom, null, 7]; export const nothing = undefined;', 1],
])('finds the charts of a module, alone or in a list: %s', async (name, text, count) => {
  expect(await found(name, text)).toBe(count);
});

it.each([
  ['nothing', 'export {};'],
  ['a-config', 'export default { agents: { loom: 1 } };'],
  ['a-function', 'export default () => loom;'],
])('says what to export where there is none: %s', async (name, text) => {
  await expect(found(name, text)).rejects.toMatchObject({
    code: 'invalid-field',
    detail: { reason: expect.stringContaining('export what createMachine() gives') },
  });
});
