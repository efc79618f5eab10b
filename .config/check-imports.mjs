// Checks the import rules over a checkout: `node .config/check-imports.mjs [folder]`.
//
// It stands in for dependency-cruiser's own command because of one guard: where that cannot read
// TypeScript it cruises no module, finds no fault and passes. Here a file that was not cruised is
// a fault, and so is a checkout without files.
import { readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { cruise, format } from 'dependency-cruiser';
import extractTypeScriptConfig from 'dependency-cruiser/config-utl/extract-ts-config';
import rules from '../.dependency-cruiser.mjs';

process.chdir(resolve(process.argv[2] ?? '.'));

const folders = ['src', 'machines', 'test'];
const files = folders.flatMap((folder) =>
  readdirSync(folder, { recursive: true })
    .filter((name) => /\.tsx?$/.test(name))
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`),
);
if (files.length === 0) throw new Error('no file to check: the rules would prove nothing');

const { output: result } = await cruise(
  folders,
  { ...rules.options, ruleSet: { forbidden: rules.forbidden }, validate: true },
  undefined,
  { tsConfig: extractTypeScriptConfig(resolve('tsconfig.json')) },
);
const { output: report, exitCode } = await format(result, { outputType: 'err-long' });
console.log(report.trim());

const cruised = new Set(result.modules.map((module) => module.source));
const missed = files.filter((file) => !cruised.has(file));
for (const file of missed) console.error(`  not cruised: ${file}`);
process.exitCode = exitCode === 0 && missed.length === 0 ? 0 : 1;
