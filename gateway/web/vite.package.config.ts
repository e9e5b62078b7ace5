import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import manifest from "./package.json" with { type: "json" };
import { css, target } from "./build/classNames.ts";

const provided = [...Object.keys(manifest.peerDependencies), ...Object.keys(manifest.dependencies)];

/** The package that hosts install: one module, one style sheet, no dependency bundled. */
export default defineConfig({
  plugins: [react()],
  css,
  build: {
    target,
    outDir: "dist/package",
    lib: { entry: "src/index.ts", formats: ["es"], fileName: "index", cssFileName: "style" },
    rolldownOptions: {
      external: (id) => provided.some((name) => id === name || id.startsWith(`${name}/`)),
      // Next.js renders what has state only in the browser, if it is told so.
      output: { banner: '"use client";' },
    },
  },
});
