/** Class names without the absent ones. */
export const clsx = (...names: (string | false | null | undefined)[]): string => names.filter(Boolean).join(" ");
