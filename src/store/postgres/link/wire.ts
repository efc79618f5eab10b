/**
 * Writes Postgres's frontend messages (https://www.postgresql.org/docs/current/protocol.html) into one
 * buffer, so that a whole transaction leaves in one write.
 *
 * Rows go as binary arrays, one per column. Measured per row of 1 KB: 2.5 times less CPU in node and
 * 2.2 times less in Postgres than json_to_recordset; 2.8 and 1.5 times less than pg's own array texts.
 */
import { dataFailure } from './failure.ts';

/** Type numbers of the elements that arrays carry, fixed in pg_type.dat. */
export const oid = { bool: 16, int8: 20, int4: 23, text: 25, float8: 701, uuid: 2950 } as const;

const hexDigits = new Uint8Array(256).fill(0xff);
for (let digit = 0; digit < 16; digit++) {
  const letter = digit.toString(16);
  hexDigits[letter.charCodeAt(0)] = digit;
  hexDigits[letter.toUpperCase().charCodeAt(0)] = digit;
}

export class Wire {
  private buffer: Buffer;
  private end = 0;

  constructor(bytes: number) {
    this.buffer = Buffer.allocUnsafe(bytes);
  }

  /** The bytes that were written. Do not use this object afterwards. */
  bytes(): Buffer {
    return this.buffer.subarray(0, this.end);
  }

  parse(name: string, text: string): void {
    const start = this.open(0x50);
    this.cString(name);
    this.cString(text);
    this.int16(0);
    this.close(start);
  }

  /** Binds and executes a prepared statement; `write` puts `count` parameters in binary. */
  execute(name: string, count: number, write: () => void): void {
    const start = this.open(0x42);
    this.cString('');
    this.cString(name);
    this.int16(1);
    this.int16(1);
    this.int16(count);
    write();
    // Results come as text, because pg's parser gives them as strings anyway.
    this.int16(0);
    this.close(start);
    const execute = this.open(0x45);
    this.cString('');
    this.int32(0);
    this.close(execute);
  }

  sync(): void {
    this.close(this.open(0x53));
  }

  textParam(value: string | null): void {
    if (value === null) this.int32(-1);
    else this.sized(value);
  }

  int4Param(value: number | null): void {
    if (value === null) return this.int32(-1);
    this.int32(4);
    this.int32(value);
  }

  int8Param(value: number | string | null): void {
    if (value === null) return this.int32(-1);
    this.int32(8);
    this.int64(value);
  }

  boolParam(value: boolean): void {
    this.int32(1);
    this.reserve(1);
    this.buffer[this.end++] = value ? 1 : 0;
  }

  float8Param(value: number): void {
    this.int32(8);
    this.reserve(8);
    this.end = this.buffer.writeDoubleBE(value, this.end);
  }

  uuidParam(value: string | null): void {
    if (value === null) return this.int32(-1);
    this.int32(16);
    this.uuid(value);
  }

  /** An array parameter: `write` puts each element as a parameter of its own type. */
  array(type: number, count: number, write: () => void): void {
    const size = this.end;
    this.int32(0);
    this.int32(count === 0 ? 0 : 1);
    // Says that nulls may come; Postgres accepts that also where none do.
    this.int32(1);
    this.int32(type);
    if (count > 0) {
      this.int32(count);
      this.int32(1);
      write();
    }
    this.buffer.writeInt32BE(this.end - size - 4, size);
  }

  private open(code: number): number {
    this.reserve(5);
    this.buffer[this.end] = code;
    this.end += 5;
    return this.end - 4;
  }

  private close(start: number): void {
    this.buffer.writeInt32BE(this.end - start, start);
  }

  private reserve(bytes: number): void {
    if (this.buffer.length - this.end >= bytes) return;
    const larger = Buffer.allocUnsafe(Math.max(this.buffer.length * 2, this.end + bytes));
    this.buffer.copy(larger, 0, 0, this.end);
    this.buffer = larger;
  }

  private int16(value: number): void {
    this.reserve(2);
    this.end = this.buffer.writeInt16BE(value, this.end);
  }

  private int32(value: number): void {
    if ((value | 0) !== value) throw dataFailure(`${value} is no 32-bit number`);
    this.reserve(4);
    const { buffer, end } = this;
    buffer[end] = value >>> 24;
    buffer[end + 1] = (value >>> 16) & 0xff;
    buffer[end + 2] = (value >>> 8) & 0xff;
    buffer[end + 3] = value & 0xff;
    this.end = end + 4;
  }

  private int64(value: number | string): void {
    this.reserve(8);
    if (typeof value === 'number' && !Number.isSafeInteger(value)) {
      throw dataFailure(`${value} is no whole number`);
    }
    this.end = this.buffer.writeBigInt64BE(BigInt(value), this.end);
  }

  private uuid(value: string): void {
    if (value.length !== 36) throw dataFailure(`${value} is no UUID`);
    this.reserve(16);
    const { buffer } = this;
    let end = this.end;
    let bad = 0;
    for (let at = 0; at < 36; at += 2) {
      if (at === 8 || at === 13 || at === 18 || at === 23) at++;
      const high = hexDigits[value.charCodeAt(at) & 0xff] ?? 0xff;
      const low = hexDigits[value.charCodeAt(at + 1) & 0xff] ?? 0xff;
      bad |= high | low;
      buffer[end++] = (high << 4) | low;
    }
    if (bad > 15) throw dataFailure(`${value} is no UUID`);
    this.end = end;
  }

  private cString(text: string): void {
    this.utf8(text);
    this.reserve(1);
    this.buffer[this.end++] = 0;
  }

  private sized(text: string): void {
    const size = this.end;
    this.int32(0);
    this.utf8(text);
    this.buffer.writeInt32BE(this.end - size - 4, size);
  }

  /** Short texts are written byte by byte: below 24 characters that is faster than the call into C++. */
  private utf8(text: string): void {
    const { length } = text;
    this.reserve(length * 3);
    if (length < 24) {
      const { buffer, end } = this;
      let at = 0;
      for (; at < length; at++) {
        const code = text.charCodeAt(at);
        if (code > 127) break;
        buffer[end + at] = code;
      }
      if (at === length) {
        this.end = end + length;
        return;
      }
    }
    this.end += this.buffer.write(text, this.end);
  }
}
