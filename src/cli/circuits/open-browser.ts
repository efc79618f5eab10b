/** Opens an address in the browser of whoever sits at this machine. Where that cannot be done, nothing happens. */
import { spawn } from 'node:child_process';

export type Opener = readonly [command: string, ...args: string[]];

/** Null: nobody sits there, as in a container or over SSH, where `xdg-open` would begin a browser in the terminal. */
export function openerOf(
  platform: NodeJS.Platform,
  environment: Readonly<Record<string, string | undefined>>,
): Opener | null {
  if (platform === 'darwin') return ['open'];
  // `start` is a word of the shell; its first argument in quotes is the window's title.
  if (platform === 'win32') return ['cmd', '/c', 'start', '""'];
  const { DISPLAY: x11 = '', WAYLAND_DISPLAY: wayland = '' } = environment;
  return x11 === '' && wayland === '' ? null : ['xdg-open'];
}

/** The browser outlives this process. */
export function openBrowser([command, ...args]: Opener, url: string): void {
  const opened = spawn(command, [...args, url], {
    detached: true,
    stdio: 'ignore',
    windowsVerbatimArguments: true,
  });
  // The command is not there. The address is printed in any case.
  opened.once('error', () => undefined);
  opened.unref();
}
