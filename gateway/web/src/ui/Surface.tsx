import { clsx } from "./clsx";
import { useDarkroom } from "../provider";
import theme from "./theme.module.css";
import type { ComponentProps } from "react";

/** The props of every element that begins a piece of Darkroom in somebody's page: our variables, and the chosen theme. */
export function useSurface(more?: string): { className: string; "data-dr-theme"?: string } {
  const chosen = useDarkroom().theme;
  return { className: clsx(theme["surface"], more), ...(chosen === "auto" ? {} : { "data-dr-theme": chosen }) };
}

export function Surface({ className, ...more }: ComponentProps<"section">) {
  return <section {...useSurface(className)} {...more} />;
}

/** Read by screen readers only. */
export function Hidden(props: ComponentProps<"span">) {
  return <span {...props} className={theme["hidden"]} />;
}
