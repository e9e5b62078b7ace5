import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { budget } from "./build/budget.ts";
import { css, target } from "./build/classNames.ts";

/** The studio page, which the gateway serves. `DARKROOM_URL` names the gateway for `npm run dev`. */
export default defineConfig({
  // The page may be served below any path: what it names is beside it.
  base: "./",
  plugins: [react(), budget(120)],
  css,
  build: { target, assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  // The browser's own Host is handed on, or the gateway would take the page for a stranger's.
  server: { proxy: { "^/(api|openapi.json)": { target: process.env["DARKROOM_URL"] ?? "http://127.0.0.1:8003", changeOrigin: false } } },
  test: {
    environment: "jsdom",
    setupFiles: ["test/setup.ts"],
    css: { modules: { classNameStrategy: "non-scoped" } },
    testTimeout: 60_000,
  },
});
