/** The address that a `heddle serve` of its own process tells. */
import type { Spawned } from './spawned.ts';

export async function listening({
  child,
  ended,
}: Spawned): Promise<{ readonly url: string; readonly port: number }> {
  let text = '';
  const told = new Promise<string>((resolve) => {
    child.stdout?.on('data', (part: string) => {
      text += part;
      const [, at] = /listens on (\S+)/.exec(text) ?? [];
      if (at !== undefined) resolve(at);
    });
  });
  const url = await Promise.race([
    told,
    ended.then(({ stderr }) => Promise.reject(new Error(stderr))),
  ]);
  return { url, port: Number(new URL(url).port) };
}
