import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "darkroom-lint-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** What `npm run lint` would say of a file of ours. */
function lint(code: string): { status: number | null; said: string } {
  const file = join(folder, "useTried.ts");
  writeFileSync(file, code);
  const done = spawnSync("node_modules/.bin/biome", ["lint", "--error-on-warnings", "--config-path=.", file], { encoding: "utf8" });
  return { status: done.status, said: done.stdout + done.stderr };
}

const hook = (before: string, follows: string): string => `import { useEffect } from "react";
export function useTried(on: boolean, act: (on: boolean) => void): void {
  ${before}useEffect(() => act(on), [${follows}]);
}
`;

it("knows the rules of hooks", () => {
  expect(lint(hook("", "on, act"))).toMatchObject({ status: 0 });
  const early = lint(hook("if (!on) return;\n  ", "on, act"));
  expect([early.status, early.said]).toEqual([1, expect.stringContaining("useHookAtTopLevel")]);
  const stale = lint(hook("", "act"));
  expect([stale.status, stale.said]).toEqual([1, expect.stringContaining("useExhaustiveDependencies")]);
});
