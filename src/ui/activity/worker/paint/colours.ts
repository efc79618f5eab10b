/** Colours by code, as text and as pixels. What is not isolated fades to 18%. */
import { looks, palette, type Look } from '../../../look/states.ts';
import type { Theme } from '../../../shell/theme.ts';

export const surfaces = {
  light: {
    bg: '#ffffff',
    sunk: '#f6f7f8',
    line: '#e3e5e8',
    ink: '#16181d',
    ink3: '#5f656f',
    bar: '#5f656f',
  },
  dark: {
    bg: '#111317',
    sunk: '#0c0e11',
    line: '#272b32',
    ink: '#eceef1',
    ink3: '#959ca8',
    bar: '#959ca8',
  },
} as const;

export type Colours = {
  readonly theme: Theme;
  readonly fills: readonly string[];
  readonly pixels: Uint32Array;
};

type Rgb = readonly [number, number, number];

const rgbOf = (hex: string): Rgb => {
  const n = Number.parseInt(hex.slice(1), 16);
  return [n >> 16, (n >> 8) & 255, n & 255];
};

const mixed = (a: Rgb, b: Rgb, part: number): Rgb =>
  [0, 1, 2].map((i) =>
    Math.round((a[i] as number) * part + (b[i] as number) * (1 - part)),
  ) as unknown as Rgb;

export function coloursOf(theme: Theme, isolated: Look | null): Colours {
  const bg = rgbOf(surfaces[theme].sunk);
  const rgbs = looks.map((look): Rgb => {
    if (look === 'none') return bg;
    const own = rgbOf(palette[theme][look].fill);
    return isolated === null || isolated === look ? own : mixed(own, bg, 0.18);
  });
  return {
    theme,
    fills: rgbs.map((rgb) => `rgb(${rgb.join(' ')})`),
    pixels: Uint32Array.from(rgbs, ([r, g, b]) => ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0),
  };
}
