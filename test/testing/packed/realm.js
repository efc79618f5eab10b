/**
 * Plays the story as jest does: heddle and the story in a context of their own, with their own `Object`,
 * `Array` and `Error`, beside globals and packages of the process's. `--experimental-vm-modules`.
 */
import vm from 'node:vm';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const { AbortController, AbortSignal, Event, EventTarget, structuredClone } = globalThis;
const shared = { AbortController, AbortSignal, Event, EventTarget, structuredClone, console };
const context = vm.createContext({ ...shared, setTimeout, clearTimeout, setImmediate });
// Jest's fake timers replace it.
vm.runInContext(
  'globalThis.queueMicrotask = () => { throw new Error("queueMicrotask"); }',
  context,
);

const modules = new Map();
const isOurs = (url) => /\/node_modules\/heddle\/|\/story\.js$/.test(url);

async function load(url) {
  if (!isOurs(url)) {
    const real = await import(url);
    const names = Object.keys(real);
    return new vm.SyntheticModule(
      names,
      function () {
        for (const name of names) this.setExport(name, real[name]);
      },
      { context },
    );
  }
  const source = await readFile(fileURLToPath(url), 'utf8');
  return new vm.SourceTextModule(source, {
    context,
    identifier: url,
    importModuleDynamically: whole,
  });
}

const moduleAt = (url) => {
  if (!modules.has(url)) modules.set(url, load(url));
  return modules.get(url);
};

function link(specifier, { identifier }) {
  const isNear = specifier.startsWith('.');
  return moduleAt(isNear ? new URL(specifier, identifier).href : import.meta.resolve(specifier));
}

/** For `import()`. */
async function whole(specifier, from) {
  const module = await link(specifier, from);
  if (module.status === 'unlinked') await module.link(link);
  await module.evaluate();
  return module;
}

const main = await moduleAt(new URL('./story.js', import.meta.url).href);
await main.link(link);
await main.evaluate();
await main.namespace.story();
console.log('played');
