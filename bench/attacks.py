"""Attacks of one key, and how long another tenant waits meanwhile: no more than twice as long as in quiet, and 100 ms.

The product of this page asks for keys and has its usual bounds, but for fewer places for watchers, so that one key can
try to take them all. Before each attack there is quiet. Each attack is looked at several times and the median of the
looks counts: a disk that stands still once, in quiet or not, is nobody's fault, and an attack that hurts always does.
"""

import io
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import aiohttp
from PIL import Image

from bench import attackers
from bench.bystander import KINDS, Bystander, Waits
from bench.figures import Row, missing, quantile
from bench.flood import own
from bench.goals import GOALS
from bench.polls import RUNNING
from bench.site import BUSINESS, Site, run
from tests import crafted
from tests.servers import children
from tests.stack import Stack

_MINE, _OTHERS = BUSINESS + 10, BUSINESS + 11
_WATCHERS = 100
_TOLD = {
    "DARKROOM_AUTH": "keys",
    "DARKROOM_INNER_SECRET": "between-the-gateway-and-the-services-only",
    "DARKROOM_MAX_WATCHERS": str(_WATCHERS),
}
_LARGE = (5000, 5000)
_WITHIN_THE_RATE = 190
"""Connections: so many requests a key may make at once."""
_BILL = """
    insert into attempts (id, job_id, attempt, business_id, model, size, quality, outcome, charged, started_at,
                          ended_at, cost_micros)
    select gen_random_uuid(), gen_random_uuid(), 1, $1, 'gpt-image-2.5-flare', '1024x1024', 'standard', 'painted',
           'true', now(), now(), 52735 from generate_series(1, 100000)"""
_PICTURES = """
    insert into images (id, business_id, source, filename, public_id, url, format, bytes, width, height, sha256,
                        searchable, created_at)
    select gen_random_uuid(), $1, 'uploaded', 'a.jpg', 'bench/' || n, 'http://127.0.0.1:1/x/image/upload/v1/' || n,
           'jpeg', 1000, 1024, 1024, md5(n::text), case when n < 1000 then 'oldest' else 'a.jpg' end || n,
           now() - interval '1 second' * (50000 - n) from generate_series(1, 50000) n"""
_TIMES, _MORE_MS = 2, 100.0
"""What the other tenant may wait: so many times as long as in quiet, and so much more."""
_LOOKS = 3
_WARM_SECONDS, _AHEAD_SECONDS, _SETTLE_SECONDS, _LOOK_SECONDS = 1.5, 1.0, 2.0, 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """One attack of this page."""

    name: str
    kind: str
    """Of the attackers' KINDS."""
    connections: int
    files: tuple[Callable[[], bytes], ...] = ()
    paths: tuple[str, ...] = ()


_ATTACKS = (
    _Kind(name="slow bodies", kind="slow bodies", connections=262),
    _Kind(name="streams and held polls", kind="watching", connections=160),
    _Kind(name="trailers without end", kind="trailers", connections=20),
    _Kind(
        name="sums of a large bill",
        kind="reading",
        connections=_WITHIN_THE_RATE,
        paths=(f"/api/v1/images/usage?business_id={_MINE}",),
    ),
    _Kind(
        name="lists and searches",
        kind="reading",
        connections=_WITHIN_THE_RATE,
        paths=(
            f"/api/v1/images?business_id={_MINE}&search=oldest&page_size=100",
            f"/api/v1/images?business_id={_MINE}&page=200&page_size=100",
            f"/api/v1/images/generate/jobs?business_id={_MINE}&page_size=100",
        ),
    ),
    _Kind(
        name="empty scans",
        kind="files",
        connections=12,
        files=(lambda: crafted.jpeg_of_scans(1_500), lambda: crafted.jpeg_of_scans(800_000)),
    ),
    _Kind(name="empty IDATs", kind="files", connections=12, files=(lambda: crafted.png_of_rows(pieces=700_000),)),
    _Kind(
        name="inflated surplus", kind="files", connections=12, files=(lambda: crafted.png_of_rows(bytes(200_000_000)),)
    ),
    _Kind(
        name="honest 25 megapixels",
        kind="files",
        connections=12,
        # Looked at, not kept: it is the sandbox that would keep them, and its work, another company's, is done here.
        files=(lambda: _large("JPEG"), lambda: _large("PNG"), lambda: _large("WEBP")),
    ),
)


@dataclass(slots=True)
class _Seen:
    """What came of one attack."""

    looks: list[Waits] = field(default_factory=list)
    """How long the other tenant waited, in each of the looks."""
    answers: Mapping[str, int] = field(default_factory=dict)
    """What the attackers were told, by status."""
    serving: float = 0.0
    """MiB that gateway and upload service grew by."""
    decoding: float = 0.0
    """MiB that the decoders had together."""
    files: float = 0.0
    """MiB of files that were coming in."""
    ready: list[bool] = field(default_factory=list)
    """Each look at `/readyz`."""


def measure(site: Site, *, seconds: float = 12.0, quiet_seconds: float = 4.0) -> list[Row]:
    """`seconds` is how long each attack goes on. An attack in which the other tenant is refused anything has no
    figure, and so fails the run."""
    folder = site.folder / "attacks"
    for statement in (_BILL, _PICTURES):
        site.sql(statement, _MINE)
    site.sql(RUNNING, _MINE, 100)
    site.sql("analyze")
    theirs, mine = (site.sql(RUNNING, business, 1)[0]["id"] for business in (_OTHERS, _MINE))
    quiet: list[Waits] = []
    seen: dict[str, _Seen | str] = {}
    try:
        with Stack(
            folder, database_url=site.database_url, redis_url=site.redis_url, workers=0, environment=_TOLD
        ) as stack:
            key, other = _key(stack, _MINE), _bystander(site, stack, theirs)
            run(other.look(_WARM_SECONDS))
            for attack in _ATTACKS:
                order = _order(stack, attack, key, mine, folder, seconds)
                quiet.append(run(other.look(quiet_seconds)))
                seen[attack.name] = _endured(stack, order, other)
                time.sleep(_SETTLE_SECONDS)  # What is cut off in the middle ends; the next quiet is to be quiet.
    finally:
        site.forget_jobs()
        site.sql("delete from images where business_id = $1", _MINE)
    return [row for name, found in seen.items() for row in _rows(name, found, quiet)]


def _bystander(site: Site, stack: Stack, job: UUID) -> Bystander:
    return Bystander(
        url=stack.url,
        business=_OTHERS,
        keys={kind: _key(stack, _OTHERS) for kind in KINDS},
        job=job,
        database_url=site.database_url,
        redis_url=site.redis_url,
    )


def _key(stack: Stack, business: int) -> str:
    return stack.command("keys", "make", "--name", "bench", "--business", str(business)).split()[0]


def _order(stack: Stack, attack: _Kind, key: str, job: UUID, folder: Path, seconds: float) -> attackers.Attack:
    bodies = []
    for number, file in enumerate(attack.files):
        body = folder / f"{attack.name}-{number}.body"
        body.write_bytes(_form(file()))
        bodies.append(str(body))
    return attackers.Attack(
        kind=attack.kind, port=stack.gateway.port, key=key, connections=attack.connections,
        seconds=seconds + 2 * _AHEAD_SECONDS, job=str(job), bodies=bodies, paths=attack.paths,
    )  # fmt: skip


def _endured(stack: Stack, order: attackers.Attack, other: Bystander) -> _Seen | str:
    """What was seen, or why there are no figures."""
    with attackers.begun(order) as attacking, _watching(stack) as seen:
        time.sleep(_AHEAD_SECONDS)
        try:
            for _ in range(_LOOKS):
                seen.looks.append(run(other.look((order.seconds - 2 * _AHEAD_SECONDS) / _LOOKS)))
        except (ExceptionGroup, AssertionError, TimeoutError, OSError, aiohttp.ClientError) as refused:
            first = refused.exceptions[0] if isinstance(refused, ExceptionGroup) else refused
            return f"{type(first).__name__}: {first}"[:200]
        seen.answers = attackers.answers(attacking)
    return seen


def _rows(name: str, seen: _Seen | str, quiet: list[Waits]) -> list[Row]:
    what = f"attack: {name}"
    if isinstance(seen, str):
        return [missing(what, seen)]
    p99 = {kind: (_p99(seen.looks, kind), _p99(quiet, kind)) for kind in KINDS}
    allowed = {kind: _TIMES * alone + _MORE_MS for kind, (_, alone) in p99.items()}
    worst = max(KINDS, key=lambda kind: p99[kind][0] / allowed[kind])
    answered = ", ".join(f"{count} x {status}" for status, count in sorted(seen.answers.items()))
    return [
        Row(
            what=what,
            ours=p99[worst][0],
            unit="ms",
            peer=f"{worst}: allowed",
            theirs=allowed[worst],
            ratio=p99[worst][0] / allowed[worst],
            goal=GOALS["attack: others"],
            note=f"answered {answered}",
        ),
        *(
            Row(what=f"  {kind}, p99", ours=during, unit="ms", peer="in quiet", theirs=alone)
            for kind, (during, alone) in p99.items()
        ),
        Row(what="  gateway and services grew", ours=seen.serving, unit="MiB", goal=GOALS["attack: services"]),
        Row(what="  decoders have", ours=seen.decoding, unit="MiB", goal=GOALS["attack: decoders"]),
        Row(what="  files coming in", ours=seen.files, unit="MiB", goal=GOALS["attack: files"]),
        Row(
            what="  ready",
            ours=sum(seen.ready) / len(seen.ready) if seen.ready else None,
            goal=GOALS["attack: ready"],
            note=f"of {len(seen.ready)} looks" if seen.ready else "not measured: nobody looked",
        ),
    ]


def _p99(looks: list[Waits], kind: str) -> float:
    return statistics.median(quantile(look[kind], 0.99) for look in looks)


@contextmanager
def _watching(stack: Stack) -> Iterator[_Seen]:
    """Keeps the most that is seen of our processes, until the block ends."""
    seen, over = _Seen(), threading.Event()
    serving = [process.pid for process in (stack.gateway, stack.upload, stack.library)]
    before = sum(own(pid) for pid in serving)

    def watch() -> None:
        while not over.wait(_LOOK_SECONDS):
            seen.serving = max(seen.serving, sum(own(pid) for pid in serving) - before)
            seen.decoding = max(seen.decoding, sum(own(pid) for pid in children(stack.upload.pid)))
            seen.files = max(seen.files, _unnamed(stack.upload.pid))
            seen.ready.append(stack.gateway.is_ready())

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()


def _unnamed(pid: int) -> float:
    """MiB of files without a name that a process has open."""
    size = 0
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):  # It has just been closed.
            if str(entry.readlink()).endswith(" (deleted)"):
                size += entry.stat().st_size
    return size / 2**20


def _form(data: bytes) -> bytes:
    head = b'--b\r\ncontent-disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n'
    return head + data + b"\r\n--b--\r\n"


def _large(form: str) -> bytes:
    """Of 25 megapixels, as a camera and a painter would make it, with a text in which a number comes in."""
    grain = Image.effect_noise((_LARGE[0] // 8, _LARGE[1] // 8), 60).resize(_LARGE)
    picture = Image.merge("RGB", (grain, Image.linear_gradient("L").resize(_LARGE), grain))
    file = io.BytesIO()
    if form == "JPEG":
        picture.save(file, form, quality=85, progressive=True, comment=attackers.MARK)
        return file.getvalue()
    if form == "WEBP":
        picture.save(file, form, quality=80, method=0, xmp=attackers.MARK)
        return file.getvalue()
    picture.quantize(64).save(file, form, compress_level=1)
    text = len(attackers.MARK).to_bytes(4, "big") + b"tEXt" + attackers.MARK + bytes(4)  # Nobody reads its checksum.
    return file.getvalue()[:33] + text + file.getvalue()[33:]
