/** The streams of the command line: results go to `stdout`, everything else to `stderr`. */
export type Stream = NodeJS.WritableStream & { readonly isTTY?: boolean };
export type Streams = {
  readonly stdout: Stream;
  readonly stderr: Stream;
  /** Questions are asked where it is a terminal. */
  readonly stdin?: NodeJS.ReadableStream & { readonly isTTY?: boolean };
};

/** Writes whole lines. */
export function writerTo(stream: Stream): (line: string) => void {
  return (line) => {
    stream.write(`${line}\n`);
  };
}
