/** Money as people read it: of a small amount the digits that count, because it is not nothing. */

const usual = new Intl.NumberFormat('en', { maximumFractionDigits: 4 });
const small = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 });

export const costWords = (cost: number): string =>
  (Math.abs(cost) < 1 ? small : usual).format(cost);
