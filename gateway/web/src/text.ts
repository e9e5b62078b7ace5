/** Texts counted as the API counts them: an emoji of one code point is one character, whatever JavaScript keeps it in. Pure. */

export const lengthOf = (text: string): number => [...text].length;

/** The first `most` characters. */
export const beginning = (text: string, most: number): string => [...text].slice(0, most).join("");
