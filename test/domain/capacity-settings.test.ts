import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { capacityDefaults, capacityWith } from '../../src/domain/capacity-settings.ts';

const src = new URL('../../src/', import.meta.url);
const read = (file: string): string => readFileSync(new URL(file, src), 'utf8');
const filesOf = (folder: string): string[] =>
  readdirSync(new URL(folder, src), { recursive: true })
    .map((name) => `${folder}/${String(name)}`)
    .filter((name) => name.endsWith('.ts'));

const home = 'domain/capacity-settings.ts';
const names = Object.values(capacityDefaults).flatMap((group) => Object.keys(group));

describe('the settings of capacity', () => {
  it('change by group, and the defaults never', () => {
    const changed = capacityWith({ probing: { outagesToStall: 1 } });
    expect(changed.probing).toEqual({ ...capacityDefaults.probing, outagesToStall: 1 });
    expect({ ...changed, probing: null }).toEqual({ ...capacityDefaults, probing: null });
    const frozen = [capacityDefaults, ...Object.values(capacityDefaults)].map(Object.isFrozen);
    expect(frozen).not.toContain(false);
  });

  it('give a reason for each number', () => {
    const lines = read(home).split('\n');
    const bare = lines.filter((line, i) => {
      return /^ {4}\w+: [\d_./ ]+,$/.test(line) && lines[i - 1]?.endsWith('*/') !== true;
    });
    expect(names.length).toBeGreaterThan(50);
    expect(bare).toEqual([]);
  });

  it('are all read', () => {
    const texts = ['queue', 'providers', 'runtime'].flatMap(filesOf).map(read).join('\n');
    const words = new Set(texts.match(/\w+/g));
    expect(names.filter((name) => !words.has(name))).toEqual([]);
  });

  it('have no number of capacity or fairness beside them', () => {
    const constant = /^(?:export )?const (\w+)(?:: number)? = -?\d/gm;
    const found = ['queue', 'providers/capacity'].flatMap(filesOf).flatMap((file) => {
      return Array.from(read(file).matchAll(constant), ([, name]) => `${file}: ${name}`);
    });
    expect(found).toEqual([]);
  });
});
