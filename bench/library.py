"""The library at a million pictures: each kind of question through the service, and its SQL by a bare asyncpg client.

They take turns. The service runs in this process and is asked as ASGI, so that no HTTP client is measured. The first
two lines of a question are the whole answer, from query string to JSON; the other two the time in
`shared.db.image_pages`.
"""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import quote

import asyncpg
import orjson
from starlette.types import ASGIApp, Message

import library_service.main
from bench import library_rows as rows
from bench.figures import Row, beside, missing, quantile
from bench.goals import GOALS, Goal
from bench.site import Site, run
from shared.db import image_pages
from shared.db import pool as db
from shared.db.image_pages import ImageFilter, ImageRows
from shared.db.tables import ImageSource
from shared.settings import LibrarySettings
from tests.service.rooms import living

_PEER = "bare asyncpg"
_SIZE = 20
_DEEP = 9000
"""The page whose cursor is a deep one: 180,000 pictures of 198,000 lie before it."""


@dataclass(frozen=True, slots=True)
class _Question:
    what: str
    wanted: ImageFilter
    page: int | None = 1
    """None: by the deep cursor."""


_ALL = ImageFilter(rows.FIRST)
_QUESTIONS = [
    _Question("first page", _ALL),
    _Question("deep page by cursor", _ALL, None),
    _Question("source filter", ImageFilter(rows.FIRST, ImageSource.AI_GENERATED)),
    _Question("source filter, deep", ImageFilter(rows.FIRST, ImageSource.AI_GENERATED), None),
    _Question("trash", ImageFilter(rows.FIRST, trashed=True)),
    _Question("page number 5000", _ALL, 5000),
    *(
        _Question(f"search, {what}", ImageFilter(rows.FIRST, search=word), page)
        for what, word, page in (
            ("1 in 2", rows.COMMON, 1),
            ("1 in 11", "market", 1),
            ("1 in 40", rows.MEDIUM, 1),
            ("1 in 4000", rows.RARE, 1),
            ("a single old one", rows.ONCE, 1),
            ("nowhere", "no such word", 1),
            ("all but the newest", rows.BYGONE, 1),
            ("one sign, all but the newest", rows.SIGN, 1),
            ("1 in 2, deep", rows.COMMON, None),
            ("1 in 40, deep", rows.MEDIUM, None),
            ("Cyrillic capitals", rows.CYRILLIC, 1),
            ("Japanese", rows.JAPANESE, 1),
            ("two Japanese", rows.JAPANESE[:2], 1),
            ("Arabic", rows.ARABIC, 1),
            ("one letter", "q", 1),
            ("one letter, page 400", "e", 400),
            ("per cent", "%", 1),
        )
    ),
]


def measure(site: Site, *, times: int = 60, pictures: int = 1_000_000) -> list[Row]:
    """Builds the pictures first and takes them away again."""
    began = time.monotonic()
    rows.build(site, pictures)
    built = time.monotonic() - began
    try:
        found = run(_measured(site, times))
    finally:
        rows.forget(site)
    head = Row(what="library: pictures", ours=pictures, note=f"built in {built:.0f} s; {times} times each question")
    return [head, *found]


async def _measured(site: Site, times: int) -> list[Row]:
    settings = LibrarySettings(
        database_url=site.database_url,
        redis_url=site.redis_url,
        sandbox_url="http://127.0.0.1:1",
        log_level="error",
    )
    app = library_service.main.build(settings)
    async with living(app), await db.connect(settings, plans="anew") as pool:
        plans = {"plan_cache_mode": "force_custom_plan", "max_parallel_workers_per_gather": "0"}
        bare = await asyncpg.connect(site.database_url, server_settings=plans)
        deep = (await image_pages.page(pool, _ALL, _SIZE, number=_DEEP)).next_cursor
        assert deep, "there is no deep page"
        lines: list[Row] = []
        for question in _QUESTIONS:
            lines += await _asked(app, pool, bare, question, deep, times)
        await bare.close()
        return lines


async def _asked(
    app: ASGIApp, pool: db.Pool, bare: "asyncpg.Connection[asyncpg.Record]", question: _Question, deep: str, times: int
) -> list[Row]:
    """p50 and p95 of the service beside those of its statements on a bare connection, which alternate."""

    def paged(on: db.Db) -> Awaitable[ImageRows]:
        if question.page is None:
            return image_pages.page(on, question.wanted, _SIZE, after=deep)
        return image_pages.page(on, question.wanted, _SIZE, number=question.page)

    statements: list[tuple[str, tuple[object, ...]]] = []
    async with pool.acquire() as connection:
        with connection.query_logger(lambda said: statements.append((said.query, said.args))):
            page = await paged(connection)

    async def send() -> None:
        for statement, values in statements:
            await bare.fetch(statement, *values)

    path = _query(question, deep)
    sides: dict[str, Callable[[], Awaitable[object]]] = {
        "ours": lambda: _answer(app, path), "pages": lambda: paged(pool), "bare": send,
    }  # fmt: skip
    spent: dict[str, list[float]] = {side: [] for side in sides}
    for number in range(times + 3):
        for side, ask in sides.items():
            began = time.perf_counter()
            await ask()
            if number >= 3:  # The first ones prepare their statements.
                spent[side].append((time.perf_counter() - began) * 1000)
    said = orjson.loads(await _answer(app, path))
    if (said["total"], len(said["items"])) != (page.total, len(page.rows)):
        return [missing(question.what, "the service and its queries disagree")]
    note = f"{len(page.rows)} of {page.total}{'' if page.exact else '+'}; {len(statements)} statements"
    return [
        _line(f"library {question.what}, p95", spent, "ours", 0.95, note=note),
        _line("  p50", spent, "ours", 0.5),
        _line("  its queries, p95", spent, "pages", 0.95, goal=GOALS["library queries p95"]),
        _line("  its queries, p50", spent, "pages", 0.5, goal=GOALS["library queries p50"]),
    ]


def _line(
    what: str, spent: dict[str, list[float]], side: str, share: float, *, goal: Goal | None = None, note: str = ""
) -> Row:
    ours, theirs = [quantile(spent[side], share)], [quantile(spent["bare"], share)]
    return beside(what, "ms", ours, _PEER, theirs, goal=goal, note=note)


def _query(question: _Question, deep: str) -> str:
    wanted = question.wanted
    which = f"page={question.page}" if question.page else f"cursor={deep}"
    narrowed = f"&source={wanted.source or 'all'}&trashed={str(wanted.trashed).lower()}&search={quote(wanted.search)}"
    return f"business_id={wanted.business_id}&{which}{narrowed}"


async def _answer(app: ASGIApp, query: str) -> bytes:
    """The body of a page, asked of the application itself."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    path = "/api/v1/images"
    await app(
        {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
            "path": path, "raw_path": path.encode(), "root_path": "", "query_string": query.encode(),
            "headers": [(b"host", b"localhost")], "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 2), "state": {},
        },
        receive,
        send,
    )  # fmt: skip
    assert sent[0]["status"] == 200, sent[-1].get("body", b"")[:300]
    return b"".join(message.get("body", b"") for message in sent[1:])
