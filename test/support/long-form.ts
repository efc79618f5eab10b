/**
 * How many cases a random test tries. The suite tries few of each, most with other seeds in every run; `npm run
 * test:simulation`, which `.ci/run` plays too, tries many. `FC_RUNS` says another number.
 */
const { HEDDLE_LONG_FORM, FC_RUNS } = process.env;

export function casesOf(forms: { readonly short: number; readonly long: number }): number {
  if (FC_RUNS !== undefined) return Number(FC_RUNS);
  return HEDDLE_LONG_FORM === 'true' ? forms.long : forms.short;
}
