/** Somebody's app, with a style sheet of its own. Darkroom's components and their styles come when "Start" is pressed. */
import { lazy, StrictMode, Suspense, useState } from "react";
import { createRoot } from "react-dom/client";
import { asked } from "./asked";

const Post = lazy(() => import("./Post"));

function App() {
  const [started, setStarted] = useState(false);
  return (
    <>
      <section id="own">
        <h1>Somebody's app</h1>
        <h2 className="title">Its posts</h2>
        <p>
          Words, <a href="#own">a link</a>, <strong>strong ones</strong> and <code>code</code>.
        </p>
        <ul>
          <li>One</li>
          <li>Two</li>
        </ul>
        <label>
          A field <input name="field" defaultValue="text" />
        </label>
        <textarea defaultValue="more text" />
        <img src="data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA=" alt="A dot" width="20" height="20" />
        <svg width="16" height="16" viewBox="0 0 16 16">
          <path d="M2 2h12v12H2z" />
        </svg>
        <div className="modal">Its own modal</div>
        <span className="button tile primary">Its own button</span>
        <button type="button" onClick={() => setStarted(true)}>
          Start
        </button>
      </section>
      <Suspense>{started && <Post />}</Suspense>
    </>
  );
}

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no root");
if (!asked.plain) await import("./hostile.css");
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
