// The pages: src/ui built into dist/ui, with a map of its files (`files.json`) and each file compressed beside it.
import { brotliCompressSync, constants } from 'node:zlib';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { defineConfig, type Plugin } from 'vite';

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
  plugins: [fileMap()],
});
