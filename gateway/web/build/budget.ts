import { gzipSync } from "node:zlib";
import type { Plugin } from "vite";

/** Fails the build when the JavaScript that the page loads first is larger than `kilobytes` after gzip. */
export function budget(kilobytes: number): Plugin {
  return {
    name: "first-load-budget",
    generateBundle(_options, bundle) {
      const first = new Set<string>();
      const add = (file: string): void => {
        const chunk = bundle[file];
        if (chunk?.type !== "chunk" || first.has(file)) return;
        first.add(file);
        chunk.imports.forEach(add);
      };
      for (const [file, part] of Object.entries(bundle)) if (part.type === "chunk" && part.isEntry) add(file);
      let bytes = 0;
      for (const file of first) {
        const chunk = bundle[file];
        if (chunk?.type === "chunk") bytes += gzipSync(chunk.code).length;
      }
      const found = (bytes / 1000).toFixed(1);
      if (bytes > kilobytes * 1000) this.error(`The first load is ${found} kB of gzipped JavaScript; ${kilobytes} is the limit`);
      this.info(`first load: ${found} of ${kilobytes} kB of gzipped JavaScript`);
    },
  };
}
