"""The page at /: what this server is, in a few lines, with a handful of what it draws.
No script, no style but its own, nothing from other servers; and nothing of what anybody did here.
"""

from __future__ import annotations

from html import escape

SAMPLES = (
    "a quiet mountain lake at dawn",
    "a sailing boat at sunset",
    "desert dunes in the golden hour",
    "a bouquet of flowers for a wedding",
    "abstract geometric poster",
    "the moon over a winter night",
)

STYLE = """
:root { color-scheme: light dark; --ink: #1d2433; --paper: #f7f5f0; --quiet: #6a7182; --line: #dfdad0; }
@media (prefers-color-scheme: dark) { :root { --ink: #eceae4; --paper: #14171f; --quiet: #98a0b3; --line: #2b303d; } }
body { margin: 0 auto; max-width: 62rem; padding: 3rem 1.5rem; background: var(--paper); color: var(--ink);
  font: 16px/1.6 system-ui, sans-serif; }
h1 { font-size: 1.9rem; letter-spacing: -.02em; margin: 0; }
h1 small { color: #c98500; font-size: 1rem; letter-spacing: .14em; }
p { max-width: 42rem; } code { font: .9em ui-monospace, monospace; }
.wall { display: grid; grid-template-columns: repeat(auto-fill, minmax(13rem, 1fr)); gap: .75rem; }
.wall img { width: 100%; height: auto; display: block; border-radius: .5rem; aspect-ratio: 1; }
table { border-collapse: collapse; width: 100%; margin-top: 1.5rem; } td { padding: .35rem .75rem .35rem 0;
  border-bottom: 1px solid var(--line); vertical-align: top; } td:last-child { color: var(--quiet); }
"""

ROUTES = (
    ("POST /v1/images/generations, GET /v1/models", "plays OpenAI"),
    ("POST /v1_1/sandbox/image/upload, destroy, explicit", "plays Cloudinary"),
    ("GET /sandbox/image/upload/…", "hands out stored pictures, with transformations"),
    ("POST /_sandbox/release", "calls that wait go on now"),
    ("POST /_sandbox/script", "what the next calls shall meet: slow, 429, dropped connections, …"),
    ("GET /_sandbox/ledger", "every call, what it did and what it would have cost"),
    ("POST /_sandbox/limits", "images per minute and latency"),
)


def page() -> str:
    wall = "".join(_sample(number, prompt) for number, prompt in enumerate(SAMPLES))
    routes = "".join(f"<tr><td><code>{route}</code></td><td>{meaning}</td></tr>" for route, meaning in ROUTES)
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Darkroom sandbox</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style>'
        "<h1>Darkroom <small>SANDBOX</small></h1>"
        "<p>This server plays the two outside companies that Darkroom works with, OpenAI and Cloudinary, so that "
        "everything runs on one machine without keys and without costs. Its pictures are drawn by a small program "
        "from the words of the prompt; no model made them, and nobody is charged.</p>"
        "<p>What is under <code>/_sandbox/</code> asks for the token in the file <code>token</code> of its folder.</p>"
        f'<div class="wall">{wall}</div><table>{routes}</table></html>'
    )


def _sample(number: int, prompt: str) -> str:
    return f'<img src="/samples/{number}" alt="{escape(prompt)}" loading="lazy" width="480" height="480">'
