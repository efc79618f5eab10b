#!/usr/bin/env node
import { runCli } from './run-cli.ts';

// A reader such as `head` may close the pipe early; that is no failure. Without one of its errors, heddle goes on.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});
process.stderr.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

process.exitCode = await runCli(process.argv.slice(2), process);
