/** For tests in whose process heddle forks one of its own: that one, too, must read TypeScript. */
const { NODE_OPTIONS: before = '' } = process.env;
process.env['NODE_OPTIONS'] = `${before} --import tsx`.trim();
