import { clsx } from "./clsx";
import styles from "./layout.module.css";

/** The classes of layout.module.css by their names, such as `row wrap`, and those of a part's own styles. */
export const layout = (names: string, ...own: Parameters<typeof clsx>): string =>
  clsx(...names.split(" ").map((name) => styles[name]), ...own);
