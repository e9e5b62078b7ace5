import "@fontsource-variable/instrument-sans/wght.css";
import "@scalar/api-reference/style.css";
import "./docs.css";
import { english } from "../messages";

// Scalar's Zod would try whether it may compile its checks; the page's policy forbids that, and would say so.
Object.assign(globalThis, { __zod_globalConfig: { jitless: true } });

const [{ createApiReference }, answer] = await Promise.all([import("@scalar/api-reference"), fetch("openapi.json")]);
const content = await answer.json();
const played = answer.headers.get("X-Darkroom-Sandbox");
const mark = document.getElementById("sandbox");
if (mark && played) mark.textContent = played.includes("openai") ? english.common.sandbox : english.common.sandboxStore;

createApiReference("#reference", {
  content,
  slug: "darkroom",
  // Where this page is, so that what is tried stays within its origin.
  servers: [{ url: new URL(".", location.href).href.replace(/\/$/, "") }],
  featuredClients: ["shell/curl", "python/requests", "js/fetch"],
  // Nothing of Scalar's own services.
  withDefaultFonts: false,
  telemetry: false,
  agent: { disabled: true },
  mcp: { disabled: true },
  hideClientButton: true,
  showDeveloperTools: "never",
});
