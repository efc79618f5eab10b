/** Where the command line writes: results on `stdout`, everything else on `stderr`. */
export type Stream = NodeJS.WritableStream & { readonly isTTY?: boolean };
export type Streams = { readonly stdout: Stream; readonly stderr: Stream };

/** Writes whole lines. */
export function writerTo(stream: Stream): (line: string) => void {
  return (line) => {
    stream.write(`${line}\n`);
  };
}
