/** Writes `src/api.generated.ts`, the API's shapes as TypeScript, from the gateway's `openapi.json`: `npm run types`. */
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import openapiTS, { astToString } from "openapi-typescript";

const web = new URL("../", import.meta.url);
const document = readFileSync(new URL("../docs/openapi.json", web), "utf8");
// Only the shapes: src/api.ts knows how they are asked for, and the paths are most of the document.
const { openapi, info, components } = JSON.parse(document);
const shapes = await openapiTS(
  { openapi, info, paths: {}, components: { schemas: components.schemas } },
  { defaultNonNullable: false }, // What a request may leave out.
);
const head = `// Generated from gateway/docs/openapi.json by "make openapi"; do not edit.
// A test compares the document with its SHA-256: ${createHash("sha256").update(document).digest("hex")}
`;
writeFileSync(new URL("src/api.generated.ts", web), `${head}\n${astToString(shapes)}`);
