"""What passes through the gateway to the services behind it: uploads and the library's first page, beside a bare ASGI
server asked directly with the same bytes, and beside nginx in front of that one where the machine has nginx. An upload
is also beside the decode of the same picture, which is most of its work.
"""

import io
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PIL import Image

from bench import eighth, load, machine, nginx
from bench.figures import Row, beside, in_turns, missing
from bench.goals import GOALS, Goal
from bench.site import BUSINESS, Site
from tests.stack import Process

_UPLOAD = f"/api/v1/images/upload?business_id={BUSINESS}"
_LIST = f"/api/v1/images?business_id={BUSINESS + 1}"
_BOUNDARY = "bench-boundary"
_SIZES = {1: (1920, 1440), 5: (4000, 3000)}
"""Megabytes of a photograph to its usual pixels."""
_RAW, _NGINX = "bare ASGI", "nginx before bare"
_FORGET = "delete from {} where business_id between $1 and $1 + 1"
_PICTURES = """
    insert into images (id, business_id, source, filename, public_id, url, format, bytes, width, height, sha256,
                        searchable, created_at)
    select gen_random_uuid(), $1, 'uploaded', 'holiday ' || n || '.jpg', 'bench/' || n,
           'http://127.0.0.1:1/sandbox/image/upload/v1/bench/' || n || '.jpg', 'jpeg', 1000000, 1920, 1440,
           md5(n::text) || md5(n::text), 'holiday ' || n || '.jpg', now() - make_interval(secs => n)
    from generate_series(1, $2) n returning id"""


@dataclass(frozen=True, slots=True)
class _Round:
    per_second: float
    p50: float
    cpu_ms: float
    """Of all processes that had to do with it, for one request."""


def uploads(site: Site, *, rounds: int = 2, seconds: float = 2.5, connections: int = 2) -> list[Row]:
    """A photograph each time with another comment in it, because the same bytes are stored only once."""
    rows: list[Row] = []
    numbers = iter(range(0, 100_000_000, 10_000))
    for megabytes in _SIZES:
        photograph, body = site.folder / f"{megabytes}-mb.jpg", site.folder / f"{megabytes}-mb.body"
        photograph.write_bytes(_photograph(megabytes))
        body.write_bytes(_form(photograph.read_bytes()))

        def asked(port: int, pids: tuple[int, ...], status: int, body: Path = body) -> _Round:
            order = load.Order(
                port=port,
                paths=[_UPLOAD],
                method="POST",
                headers={"content-type": f"multipart/form-data; boundary={_BOUNDARY}"},
                body_file=str(body),
                first=next(numbers),
                connections=connections,
                seconds=seconds,
            )
            return _measured(order, pids, status)

        def decoded(photograph: Path = photograph) -> _Round:
            return _Round(0.0, 0.0, eighth.milliseconds(photograph, seconds, connections))

        found = _beside_bare(
            site, rounds, (site.stack.upload, 201), asked, size=1000, bare_status=202, more={"eighth": decoded}
        )
        rows += _rows(f"upload of {megabytes} MB", found, f"{connections} connections; we also decode and store")
        ours, theirs = ([each.cpu_ms for each in found[side]] for side in ("ours", "eighth"))
        rows.append(
            beside(
                "  CPU beside a decode", "ms", ours, "decode at 1/8", theirs, goal=GOALS[f"upload CPU, {megabytes} MB"]
            )
        )
    site.sql(_FORGET.format("images"), BUSINESS)
    return rows


def lists(
    site: Site, *, rounds: int = 4, seconds: float = 1.5, connections: int = 16, pictures: int = 1000
) -> list[Row]:
    """The first page of twenty, of a library of a thousand."""
    site.sql(_PICTURES, BUSINESS + 1, pictures)
    first = load.run(load.Order(port=site.gateway.port, paths=[_LIST], requests=1)).only(200)

    def asked(port: int, pids: tuple[int, ...], status: int) -> _Round:
        order = load.Order(port=port, paths=[_LIST], connections=connections, seconds=seconds)
        return _measured(order, pids, status)

    found = _beside_bare(site, rounds, (site.stack.library, 200), asked, size=first.body_bytes, bare_status=200)
    site.sql(_FORGET.format("images"), BUSINESS)
    return _rows(
        "library page", found, f"{connections} connections, {first.body_bytes / 1000:.0f} kB", GOALS["library page"]
    )


def _beside_bare(
    site: Site,
    rounds: int,
    ours: tuple[Process, int],
    asked: Callable[[int, tuple[int, ...], int], _Round],
    *,
    size: int,
    bare_status: int,
    more: Mapping[str, Callable[[], _Round]] | None = None,
) -> dict[str, list[_Round]]:
    service, status = ours
    with ExitStack() as peers:
        bare = peers.enter_context(site.bare(size))
        sides = {
            "ours": partial(asked, site.gateway.port, (site.gateway.pid, service.pid), status),
            "bare": partial(asked, bare.port, (bare.pid,), bare_status),
        }
        if nginx.found():
            front = peers.enter_context(nginx.before(site, bare.port))
            sides["nginx"] = partial(asked, front.port, (front.pid, bare.pid), bare_status)
        return in_turns(rounds, sides | dict(more or {}))


def _rows(what: str, found: dict[str, list[_Round]], note: str, goal: Goal | None = None) -> list[Row]:
    speed = {side: [each.per_second for each in done] for side, done in found.items()}
    p50 = {side: [each.p50 for each in done] for side, done in found.items()}
    cpu = {side: [each.cpu_ms for each in done] for side, done in found.items()}
    rows = [
        beside(what, "/s", speed["ours"], _RAW, speed["bare"], note=note),
        beside("  p50", "ms", p50["ours"], _RAW, p50["bare"]),
        beside("  CPU", "ms", cpu["ours"], _RAW, cpu["bare"]),
    ]
    if "nginx" not in found:
        return [*rows, missing("  beside nginx", "there is no nginx on this machine (Debian's package nginx-light)")]
    return [
        *rows,
        beside("  beside nginx", "/s", speed["ours"], _NGINX, speed["nginx"], goal=goal),
        beside("  CPU", "ms", cpu["ours"], _NGINX, cpu["nginx"]),
    ]


def _measured(order: load.Order, pids: tuple[int, ...], status: int) -> _Round:
    before = machine.cpu_seconds(*pids)
    result = load.run(order).only(status)
    spent = machine.cpu_seconds(*pids) - before
    return _Round(result.per_second, result.p50_ms, spent / result.answers * 1000)


def _photograph(megabytes: int) -> bytes:
    """As large in pixels and bytes as a camera's, with a comment whose text is the load generator's MARK."""
    size = _SIZES[megabytes]
    grain = Image.effect_noise(size, 40)
    picture = Image.merge("RGB", (grain, Image.linear_gradient("L").resize(size), grain))
    file = io.BytesIO()
    for quality in range(95, 20, -5):
        file = io.BytesIO()
        picture.save(file, "JPEG", quality=quality)
        if file.tell() <= megabytes * 1_050_000:
            break
    data, comment = file.getvalue(), b"\xff\xfe" + (2 + len(load.MARK)).to_bytes(2, "big") + load.MARK
    return data[:2] + comment + data[2:]


def _form(data: bytes) -> bytes:
    head = f'--{_BOUNDARY}\r\ncontent-disposition: form-data; name="file"; filename="photo.jpg"\r\n'
    return f"{head}content-type: image/jpeg\r\n\r\n".encode() + data + f"\r\n--{_BOUNDARY}--\r\n".encode()
