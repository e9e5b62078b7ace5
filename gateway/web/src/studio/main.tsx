import "@fontsource-variable/instrument-sans/wght.css";
import "../ui/theme.module.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Studio } from "./Studio";

const place = document.getElementById("studio");
if (place) {
  createRoot(place).render(
    <StrictMode>
      <Studio />
    </StrictMode>,
  );
}

// What is behind the other tabs comes while nobody waits for it, so that it is there when it is needed.
addEventListener("load", () =>
  setTimeout(() => {
    for (const part of [
      import("../components/ImageLibrary"),
      import("../components/ImageUploader"),
      import("../components/SelectorContent"),
      import("../components/PublishContent"),
    ])
      part.catch(() => undefined);
  }, 1000),
);
