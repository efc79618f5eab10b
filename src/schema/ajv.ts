/**
 * ajv in each dialect that it has. It is loaded when a value is checked first, by this file and not by its name: a
 * bundle that is split gives the names of a CommonJS package to static imports alone.
 */
export { Ajv } from 'ajv';
export { Ajv2019 } from 'ajv/dist/2019.js';
export { Ajv2020 } from 'ajv/dist/2020.js';
export { default as formats } from 'ajv-formats';
