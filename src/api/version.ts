/** heddle's own version, as package.json has it: an application that is bundled has no package.json of ours beside it. */
export const heddleVersion = '0.1.0';
