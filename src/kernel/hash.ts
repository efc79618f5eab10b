/** A text as 64 bits in hex, to recognise equal texts. It is no protection against forged ones. */

/** cyrb53's two lanes, both in full. Source: https://github.com/bryc/code (public domain). */
export function hash64(text: string): string {
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    high = Math.imul(high ^ unit, 2654435761);
    low = Math.imul(low ^ unit, 1597334677);
  }
  const first = mix(high, low);
  const second = mix(low, high);
  return first.toString(16).padStart(8, '0') + second.toString(16).padStart(8, '0');
}

function mix(one: number, other: number): number {
  const half = Math.imul(one ^ (one >>> 16), 2246822507);
  return (half ^ Math.imul(other ^ (other >>> 13), 3266489909)) >>> 0;
}
