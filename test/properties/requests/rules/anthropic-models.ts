/** What Claude's models take, by the versions in their names. */

/** 407 of `claude-opus-4-7`, 400 of `claude-sonnet-4-20250514`. */
function versionOf(model: string): number {
  const [, major = '0', minor = '0'] = /-(\d)(?:-(\d{1,2}))?(?:-\d{8})?$/.exec(model) ?? [];
  return Number(major) * 100 + Number(minor);
}

/** Models before 4.6 may be asked to go on with a message of their own. */
export const takesPrefill = (model: string): boolean => versionOf(model) < 406;
/** From 4.8 on, `system` is a role within the messages (bifrost#3945). */
export const takesSystemRole = (model: string): boolean => versionOf(model) >= 408;
/** Opus 4.7 and later refuse a number of tokens (earendil-works/pi#3297). */
export const takesBudget = (model: string): boolean => versionOf(model) < 407;
export const takesAdaptive = (model: string): boolean => versionOf(model) >= 406;
/** Opus 4.7 and later refuse any temperature but 1 (promptfoo#9500). */
export const takesTemperature = (model: string): boolean => versionOf(model) < 407;
/** Sonnet 5 thinks without being asked. */
export const thinksUnasked = (model: string): boolean => versionOf(model) >= 500;
