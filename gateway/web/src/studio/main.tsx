import "@fontsource-variable/instrument-sans/wght.css";
import "../ui/theme.module.css";
import "../ui/layout.module.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { preload, Studio } from "./Studio";

const place = document.getElementById("studio");
if (place) {
  createRoot(place).render(
    <StrictMode>
      <Studio />
    </StrictMode>,
  );
}

// It comes while nobody waits for it, so that it is there when it is needed.
addEventListener("load", () => setTimeout(preload, 1000));
