"""The page at /: what this server is, with a handful of what it draws; and the probes.
No script, no style but its own, nothing from other servers; and nothing of what anybody did here.
"""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import HTMLResponse, Response

from deploy.sandbox.parts import Sandbox
from deploy.sandbox.pictures.painter import PictureRequest

router = APIRouter()

SAMPLES = (
    "a quiet mountain lake at dawn",
    "a sailing boat at sunset",
    "desert dunes in the golden hour",
    "a bouquet of flowers for a wedding",
    "abstract geometric poster",
    "the moon over a winter night",
)

PAGE = f"""<!doctype html><html lang="en"><meta charset="utf-8"><title>Darkroom sandbox</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>
:root {{ color-scheme: light dark; }}
body {{ margin: 0 auto; max-width: 62rem; padding: 3rem 1.5rem; font: 16px/1.6 system-ui, sans-serif; }}
h1 small {{ color: #c98500; font-size: 1rem; letter-spacing: .14em; }} p {{ max-width: 42rem; }}
div {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(13rem, 1fr)); gap: .75rem; }}
img {{ width: 100%; height: auto; border-radius: .5rem; }}
</style><h1>Darkroom <small>SANDBOX</small></h1>
<p>This server plays the two outside companies that Darkroom works with, OpenAI and Cloudinary, so that everything runs
on one machine without keys and without costs. Its pictures are drawn by a small program from the words of the prompt;
no model made them, and nobody is charged.</p>
<p>What it shall do next (<code>/_sandbox/script</code>) and what it did (<code>/_sandbox/ledger</code>) is for whoever
has the token in the file <code>token</code> of its folder; <code>docs/testing.md</code> tells how.</p>
<div>{"".join(f'<img src="/samples/{n}" alt="{text}" width=480 height=480>' for n, text in enumerate(SAMPLES))}</div>
</html>"""


@router.get("/")
async def page() -> Response:
    """For people."""
    return HTMLResponse(PAGE)


@router.get("/samples/{number}")
async def sample(number: int, parts: Sandbox) -> Response:
    """Drawn once, then remembered: anybody may ask."""
    if number not in range(len(SAMPLES)):
        return Response(status_code=404)
    picture = await parts.draw(PictureRequest(SAMPLES[number], 480, 480, "webp", compression=85))
    return Response(picture, media_type="image/webp", headers={"Cache-Control": "public, max-age=3600"})


@router.get("/healthz")
async def healthy() -> dict[str, str]:
    """The process lives."""
    return {"status": "ok"}


@router.get("/readyz")
async def ready() -> dict[str, object]:
    """It needs nobody else."""
    return {"status": "ready", "parts": {}}
