// The pages: src/ui built into dist/ui, with a map of its files (`files.json`) and each file compressed beside it.
import { brotliCompressSync, constants } from 'node:zlib';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { defineConfig, type Plugin } from 'vite';
import { providerMachine } from '../machines/provider.ts';
import { Layouts, layoutSettings } from '../src/api/charts/layouts.ts';
import { planOf } from '../src/kernel/drawing/chart-plan.ts';
import { definitionOf } from '../src/kernel/version.ts';

const root = fileURLToPath(new URL('../src/ui/', import.meta.url));
const outDir = fileURLToPath(new URL('../dist/ui/', import.meta.url));

const types: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
  txt: 'text/plain; charset=utf-8',
};

/** The server serves what this map names and reads nothing else from the disk. */
function fileMap(): Plugin {
  return {
    name: 'heddle-file-map',
    closeBundle() {
      const names = readdirSync(outDir, { recursive: true, encoding: 'utf8' });
      const files = names.flatMap((name) => {
        const type = types[/\.([a-z]+)$/.exec(name)?.[1] ?? ''];
        if (type === undefined || name === 'files.json') return [];
        const bytes = readFileSync(join(outDir, name));
        const packed = brotliCompressSync(bytes, {
          params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY },
        });
        writeFileSync(join(outDir, `${name}.br`), packed);
        const etag = createHash('sha256').update(bytes).digest('base64url').slice(0, 22);
        const path = name.replaceAll('\\', '/');
        return [{ path, type, etag, bytes: bytes.length, packedBytes: packed.length }];
      });
      writeFileSync(join(outDir, 'files.json'), JSON.stringify({ files }));
    },
  };
}

/** heddle's own machines, planned and laid out as charts of agents are; without elkjs their pages show outlines. */
function machineCharts(): Plugin {
  return {
    name: 'heddle-machine-charts',
    async load(id) {
      if (!id.endsWith('/operations/machine-charts.ts')) return null;
      const layouts = new Layouts({ ...layoutSettings(), directionMs: 60_000, chartMs: 120_000 });
      const charts: Record<string, unknown> = {};
      for (const machine of [providerMachine]) {
        const plan = planOf(definitionOf(machine));
        const laidOut = await layouts.of(machine.id, plan, true);
        const isDrawn = laidOut.kind === 'drawn';
        const why = isDrawn ? null : laidOut.why;
        charts[machine.id] = { plan, drawing: isDrawn ? laidOut.chart : null, why };
      }
      await layouts.close();
      return `export const machineCharts = ${JSON.stringify(charts)};`;
    },
  };
}

export default defineConfig({
  root,
  // Relative, because an application may serve the pages under a prefix of its own.
  base: './',
  build: {
    outDir,
    emptyOutDir: true,
    target: 'es2022',
    // Nothing is inlined: the content security policy lets no data: script or style in.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    license: { fileName: 'licenses.txt' },
  },
  worker: { format: 'es' },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  plugins: [machineCharts(), fileMap()],
});
