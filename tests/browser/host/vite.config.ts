import { defineConfig } from "vite";

export default defineConfig({
  build: { target: "chrome123", modulePreload: { polyfill: false } },
});
