/**
 * Runs code that has no bound of its own, such as a regular expression of a stranger's, and stops it when its time
 * is over. V8 can stop JavaScript and regular expressions at any point; only `node:vm` offers that. It was chosen
 * over an engine that is linear in time because such engines read another language than JSON Schema asks for,
 * and because it bounds more than patterns. The process waits meanwhile, so the time must be short.
 */
import { createContext, Script } from 'node:vm';

type Within = { run: () => unknown };

let made: { readonly within: Within; readonly script: Script } | undefined;

/** Undefined when the time was over; what `run` throws, is thrown. */
export function within<Result>(
  timeMs: number,
  run: () => Result,
): { readonly result: Result } | undefined {
  made ??= {
    within: createContext({ run: () => undefined }) as Within,
    script: new Script('run()'),
  };
  const { within: context, script } = made;
  let result: { readonly result: Result } | undefined;
  const before = context.run;
  context.run = () => {
    result = { result: run() };
  };
  try {
    script.runInContext(context, { timeout: timeMs });
    return result;
  } catch (error) {
    if ((error as { readonly code?: unknown }).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') {
      return undefined;
    }
    throw error;
  } finally {
    context.run = before;
  }
}
