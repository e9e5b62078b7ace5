"""Whatever is the matter with Postgres, a request is told so in the one body, and the next one after it is answered.

The real gateway and services as processes, on a Postgres of their own that is ended, frozen, filled, locked and closed.
"""

import asyncio
import itertools
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx2
import pytest

from deploy.local.ports import free_port
from tests import pictures
from tests.conftest import migrate
from tests.repository import ROOT
from tests.sandbox_server import SandboxServer
from tests.servers import PostgresServer
from tests.service.rooms import IMAGES
from tests.service.test_upload import problem
from tests.stack import Process
from tests.worker.trouble import NO_CONNECTIONS, READ_ONLY, ROLE, Trouble, url_for_role

DATABASE = "darkroom"
READS = ("a status", "the jobs", "the usage", "the library", "a picture")
_seeds = itertools.count(1)
WRITES = ("a job", "a cancel", "an upload", "a change", "a deletion")


@dataclass(frozen=True)
class House:
    """The processes that answer requests, and the Postgres behind them. There is no Redis: nothing is remembered."""

    postgres: PostgresServer
    database_url: str
    gateway: Process
    inner: tuple[Process, Process]

    @property
    def processes(self) -> tuple[Process, ...]:
        """All that are asked."""
        return (self.gateway, *self.inner)

    def events(self, name: str) -> list[dict[str, Any]]:
        """Their log lines of this event."""
        return [event for process in self.processes for event in process.events(name)]


@pytest.fixture(scope="module")
def house(session_sandbox: SandboxServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("trouble")
    with PostgresServer() as postgres:
        migrate(postgres.url(DATABASE), folder)
        url = url_for_role(postgres, DATABASE)
        inner = {f"DARKROOM_{name}_URL": f"http://127.0.0.1:{free_port()}" for name in ("UPLOAD", "LIBRARY")}
        told = {
            "DATABASE_URL": url,
            "REDIS_URL": "redis://127.0.0.1:1/0",
            "DARKROOM_SANDBOX_URL": session_sandbox.url,
            "DARKROOM_DATABASE_TIMEOUT": "1",
            **inner,
        }
        upload, library = (
            Process(module, told | {"DARKROOM_PORT": address.rpartition(":")[2]}, logs=folder)
            for module, address in zip(("upload_service", "library_service"), inner.values(), strict=True)
        )
        with upload, library, Process("gateway", told, logs=folder) as gateway:
            yield House(postgres, url, gateway, (upload, library))


@pytest.fixture
async def client(house: House) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=house.gateway.url, timeout=30) as client:
        yield client


async def make_job(client: httpx2.AsyncClient) -> httpx2.Response:
    return await client.post(f"{IMAGES}/generate", json={"prompt": "a fox", "business_id": 1})


async def make_image(client: httpx2.AsyncClient) -> httpx2.Response:
    new = pictures.png(40, 30, seed=next(_seeds))  # the same bytes again would not be written
    return await client.post(f"{IMAGES}/upload", params={"business_id": 1}, files={"file": ("x.png", new)})


async def ask_all(client: httpx2.AsyncClient, job: str, image: str) -> dict[str, httpx2.Response]:
    """Every kind of request at once, by its name."""
    of_one = {"business_id": 1}
    asked = {
        "a status": client.get(f"{IMAGES}/generate/status/{job}"),
        "the jobs": client.get(f"{IMAGES}/generate/jobs", params=of_one),
        "the usage": client.get(f"{IMAGES}/usage", params=of_one),
        "the library": client.get(IMAGES, params=of_one),
        "a picture": client.get(f"{IMAGES}/{image}"),
        "a job": make_job(client),
        "a cancel": client.post(f"{IMAGES}/generate/{job}/cancel"),
        "an upload": make_image(client),
        "a change": client.patch(f"{IMAGES}/{image}", json={"alt_text": "A fox."}),
        "a deletion": client.delete(f"{IMAGES}/{image}"),
    }
    return dict(zip(asked, await asyncio.gather(*asked.values()), strict=True))


@asynccontextmanager
async def of(trouble: Trouble, house: House) -> AsyncIterator[None]:
    """One of the worker tests' troubles."""
    trouble.begin(house.postgres, DATABASE)
    try:
        yield
    finally:
        trouble.end(house.postgres, DATABASE)


@asynccontextmanager
async def killed(house: House) -> AsyncIterator[None]:
    house.postgres.kill()
    try:
        yield
    finally:
        house.postgres.start()


@asynccontextmanager
async def silent(house: House) -> AsyncIterator[None]:
    house.postgres.pause()
    try:
        yield
    finally:
        house.postgres.resume()


@asynccontextmanager
async def locked(house: House, limit: str) -> AsyncIterator[None]:
    """Somebody holds every table, and Postgres lets nobody wait for long: `limit` is the setting that says so."""
    ends = f"select pg_terminate_backend(pid) from pg_stat_activity where usename = '{ROLE}'"
    house.postgres.execute(f"alter role {ROLE} in database {DATABASE} set {limit} = '50ms'", ends)
    holder = await asyncpg.connect(house.postgres.url(DATABASE))
    try:
        async with holder.transaction():
            await holder.execute("lock table jobs, images, uploads, attempts, attachments in access exclusive mode")
            yield
    finally:
        await holder.close()
        house.postgres.execute(f"alter role {ROLE} in database {DATABASE} reset {limit}", ends)


@asynccontextmanager
async def raising(house: House, state: str) -> AsyncIterator[None]:
    """Postgres answers every write with this error."""
    house.postgres.execute(
        f"""create function trouble() returns trigger language plpgsql as $$
        begin raise exception 'something is the matter' using errcode = '{state}'; end $$""",
        *(
            f"create trigger trouble before insert or update on {table} for each row execute function trouble()"
            for table in ("jobs", "images", "uploads")
        ),
        database=DATABASE,
    )
    try:
        yield
    finally:
        house.postgres.execute("drop function trouble() cascade", database=DATABASE)


@pytest.mark.parametrize(
    ("trouble", "refused"),
    [
        pytest.param(lambda house: of(READ_ONLY, house), WRITES, id="read-only"),
        pytest.param(lambda house: of(NO_CONNECTIONS, house), READS + WRITES, id="no connections"),
        pytest.param(killed, READS + WRITES, id="killed"),
        pytest.param(silent, READS + WRITES, id="silent"),
        pytest.param(lambda house: locked(house, "lock_timeout"), READS + WRITES, id="lock timeout"),
        pytest.param(lambda house: locked(house, "statement_timeout"), READS + WRITES, id="statement timeout"),
        *(
            pytest.param(lambda house, state=state: raising(house, state), WRITES, id=words)
            for words, state in {
                "disk full": "53100",
                "broken": "XX000",
                "out of memory": "53200",
                "serialization failure": "40001",
                "deadlock": "40P01",
                "input or output error": "58030",
            }.items()
        ),
    ],
)
async def test_trouble_of_postgres_is_a_503_until_it_is_over(
    house: House,
    client: httpx2.AsyncClient,
    trouble: Callable[[House], AbstractAsyncContextManager[None]],
    refused: tuple[str, ...],
) -> None:
    job = (await make_job(client)).json()["job_id"]
    image = (await make_image(client)).json()["id"]
    crashed = len(house.events("request.crashed"))
    async with trouble(house), asyncio.timeout(20):
        answers = await ask_all(client, job, image)
        # A connection that was ended when it began may still be found broken, once.
        while any(answers[name].status_code == 503 for name in {*READS} - {*refused}):
            answers = await ask_all(client, job, image)
    logged = [event["request_id"] for event in house.events("postgres.away")]
    for name, answer in answers.items():
        if name in refused:
            told = problem(answer, 503, "unavailable")
            assert told["retryable"] is True
            assert "database" in told["detail"]
            assert int(answer.headers["retry-after"]) >= 1
            assert told["request_id"] == answer.headers["x-request-id"]
            assert logged.count(told["request_id"]) == 1
        else:
            assert answer.status_code == 200, (name, answer.text)
    await everything_works(house, client, job, image)
    assert len(house.events("request.crashed")) == crashed


async def everything_works(house: House, client: httpx2.AsyncClient, job: str, image: str) -> None:
    """Again, by itself: a connection that was open may still be found broken, once."""
    async with asyncio.timeout(20):
        while True:
            answers = await ask_all(client, job, image)
            found = {name: answer.status_code for name, answer in answers.items()}
            if set(found.values()) <= {200, 201, 202, 204, 404, 409}:  # canceled or deleted by the round before
                break
            assert set(found.values()) <= {200, 201, 202, 204, 404, 409, 503}, answers
    assert all(process.runs for process in house.processes)


@pytest.mark.parametrize("state", ["P0001", "42501"])
async def test_a_defect_of_ours_is_a_500_in_the_one_body_and_logged_once(
    house: House, client: httpx2.AsyncClient, state: str
) -> None:
    job = (await make_job(client)).json()["job_id"]
    image = (await make_image(client)).json()["id"]
    async with raising(house, state):
        answers = await ask_all(client, job, image)
    refused = [problem(answers[name], 500, "internal_error") for name in WRITES]
    logged = [event["request_id"] for event in house.events("request.crashed")]
    assert [logged.count(told["request_id"]) for told in refused] == [1] * len(refused)
    await everything_works(house, client, job, image)


async def test_every_lane_answers_a_defect_in_the_one_body(house: House, client: httpx2.AsyncClient) -> None:
    job = (await make_job(client)).json()["job_id"]
    image = (await make_image(client)).json()["id"]
    tables = ("jobs", "images")
    house.postgres.execute(*(f"alter table {table} rename to {table}_gone" for table in tables), database=DATABASE)
    try:
        answers = await ask_all(client, job, image)
        head = await client.head(f"{IMAGES}/generate/status/{job}")
    finally:
        house.postgres.execute(*(f"alter table {table}_gone rename to {table}" for table in tables), database=DATABASE)
    for answer in answers.values():
        problem(answer, 500, "internal_error")
    assert (head.status_code, head.headers["content-type"], head.content) == (500, "application/problem+json", b"")
    await everything_works(house, client, job, image)


@pytest.mark.parametrize("trouble", [READ_ONLY, NO_CONNECTIONS], ids=lambda trouble: trouble.name)
async def test_a_command_says_in_one_line_what_is_the_matter(house: House, trouble: Trouble) -> None:
    async with of(trouble, house):
        done = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "gateway.command", "keys", "make", "--name", "x", "--business", "1"],
            cwd=ROOT,
            env=os.environ | {"DATABASE_URL": house.database_url},
            capture_output=True,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("darkroom: the database does not answer (")
    assert ("read-only" if trouble is READ_ONLY else "too many connections") in done.stderr
    assert done.stderr.count("\n") == 1
