/**
 * What connections.ts takes of undici, which is loaded when a provider is made, by this file and not by its name: a
 * bundle that is split gives the names of a CommonJS package to static imports alone.
 */
export { Agent, request } from 'undici';
