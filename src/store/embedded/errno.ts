/** True when the thrown value carries one of these codes, of the system or of Postgres. */
export function hasCode(thrown: unknown, ...codes: readonly string[]): boolean {
  return codes.includes(codeOf(thrown));
}

export function codeOf(thrown: unknown): string {
  if (typeof thrown !== 'object' || thrown === null || !('code' in thrown)) return '';
  return typeof thrown.code === 'string' ? thrown.code : '';
}

/** The text of any thrown value, for the `reason` of an error. */
export function reasonOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
