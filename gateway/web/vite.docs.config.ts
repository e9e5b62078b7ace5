import { defineConfig } from "vite";
import { target } from "./build/classNames.ts";

/** The page of the API, apart from the studio so that neither loads a chunk of the other. */
export default defineConfig({
  base: "./",
  build: { target, emptyOutDir: false, assetsInlineLimit: 0, modulePreload: { polyfill: false }, rolldownOptions: { input: "docs.html" } },
});
