/**
 * A replica that owns shards and does nothing else, for tests to kill and to freeze. It says when
 * `createHeddle` begins and when it has returned; it closes when its input ends.
 */
import { writeSync } from 'node:fs';
import { createHeddle, type HeddleOptions } from '../../src/index.ts';

const options = JSON.parse(process.argv[2] ?? '{}') as HeddleOptions;
writeSync(1, 'begins\n');
const heddle = await createHeddle(options);
writeSync(1, `started ${heddle.runtime.replicaId}\n`);
process.stdin.resume();
process.stdin.once('end', () => void heddle.close());
