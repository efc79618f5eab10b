/** Prints the packages that are loaded with `heddle/testing` alone, once a test has been played. */
import { register } from 'node:module';

const hook = `export async function load(url, context, next) {
  process._rawDebug('loaded ' + url);
  return next(url, context);
}`;
register(`data:text/javascript,${encodeURIComponent(hook)}`);
const { testHeddle } = await import('heddle/testing');
const t = await testHeddle();
await t.advance('1d');
await t.close();
