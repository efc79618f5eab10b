/** Light or dark: as the system has it, until somebody chooses. */
import { computed, effect, signal } from '@preact/signals';
import { palette } from '../look/states.ts';

export type Theme = 'light' | 'dark';

const key = 'heddle-theme';
const system = matchMedia('(prefers-color-scheme: dark)');
const asked = new URLSearchParams(location.search).get('theme');
const chosen = signal(asked ?? localStorage.getItem(key));
const isSystemDark = signal(system.matches);

system.addEventListener('change', ({ matches }) => {
  isSystemDark.value = matches;
});

export const theme = computed<Theme>(() => {
  if (chosen.value === 'light' || chosen.value === 'dark') return chosen.value;
  return isSystemDark.value ? 'dark' : 'light';
});

effect(() => {
  const { dataset, style } = document.documentElement;
  dataset['theme'] = theme.value;
  for (const [look, { fill, ink }] of Object.entries(palette[theme.value])) {
    style.setProperty(`--fill-${look}`, fill);
    style.setProperty(`--ink-${look}`, ink);
  }
});

export function turnTheme(): void {
  chosen.value = theme.value === 'dark' ? 'light' : 'dark';
  localStorage.setItem(key, chosen.value);
}
