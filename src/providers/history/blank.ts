/** True for a text without a character that can be seen: providers refuse such texts. */
export const isBlank = (text: string): boolean => !/\S/.test(text);
