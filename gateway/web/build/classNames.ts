import { basename } from "node:path";

/** `button.module.css` and `primary` as `dr-button-primary`: stable, readable, and in nobody else's way. */
export function className(local: string, file: string): string {
  return `dr-${basename(file.split("?")[0] ?? file, ".module.css")}-${local}`;
}

export const css = { modules: { generateScopedName: className } };

/** The browsers that have `light-dark()`, container queries and `:has()`. */
export const target = ["chrome123", "firefox128", "safari17.5"];
