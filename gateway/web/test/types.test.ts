import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";

it("has the types of the API as its document says it now; where not: make openapi", () => {
  const document = readFileSync("../docs/openapi.json");
  expect(readFileSync("src/api.generated.ts", "utf8")).toContain(createHash("sha256").update(document).digest("hex"));
});
