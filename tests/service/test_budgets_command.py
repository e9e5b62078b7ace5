"""`./darkroom budgets`, and the default that applies without it."""

import asyncio
import os
import re
import subprocess
import sys
from urllib.parse import urlsplit

import asyncpg
import pytest

from shared.settings import GatewaySettings
from tests.repository import ROOT
from tests.service.rooms import until
from tests.terminal import Done, darkroom

LOST = r"darkroom budgets: Postgres does not take it now \(\w+.*\); `./darkroom budgets list` shows what applies\n"


def operate(database: str, *words: str, **more: str) -> Done:
    return darkroom(("budgets", *words), {"DATABASE_URL": database, "REDIS_URL": "redis://unused"} | more)


def test_an_operator_sets_lists_and_clears(database: str) -> None:
    def said(*words: str, **more: str) -> str:
        done = operate(database, *words, **more)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    assert said("set", "--business", "7", "--monthly-usd", "20") == "business 7: $20.00 a month\n"
    assert said("set", "--business", "7", "--monthly-usd", "0.5") == "business 7: $0.50 a month\n"
    assert said("list") == "business 7: $0.50 a month\nevery other business: no limit\n"
    default = "$3.00 a month (DARKROOM_MONTHLY_BUDGET_USD)"
    assert said("clear", "--business", "7", DARKROOM_MONTHLY_BUDGET_USD="3") == f"business 7: {default}\n"
    assert said("clear", "--business", "7") == "business 7: had no budget of its own; no limit\n"
    assert said("list") == "every other business: no limit\n"


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["raise"],
        ["set", "--business", "1"],
        ["set", "--monthly-usd", "1"],
        ["set", "--business", "0", "--monthly-usd", "1"],
        ["set", "--business", "one", "--monthly-usd", "1"],
        ["set", "--business", "9223372036854775808", "--monthly-usd", "1"],
        ["set", "--business", "1", "--monthly-usd=-1"],
        ["set", "--business", "1", "--monthly-usd", "0.0000001"],
        ["set", "--business", "1", "--monthly-usd", "20 dollars"],
        ["clear"],
        ["list", "all"],
    ],
    ids=" ".join,
)
def test_wrong_words_are_answered_with_one_line(words: list[str]) -> None:
    done = operate("postgresql://nobody@127.0.0.1:1/none", *words)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), done.stderr
    assert done.stderr.startswith("darkroom budgets: ")


def test_without_postgres_the_operator_is_told_in_one_line() -> None:
    """By the program itself."""
    command = [sys.executable, "-m", "gateway.command", "budgets", "list"]
    environment = os.environ | {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(LOST, done.stderr), done.stderr


async def test_a_budget_that_was_set_before_postgres_fell_silent_is_not_denied(database: str) -> None:
    """A line to Postgres that hands on the statement and not its answer."""
    connection = await asyncpg.connect(database)

    async def written() -> bool:
        return bool(await connection.fetchval("select count(*) from budgets"))

    async def between(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        address = urlsplit(database)
        answers, asked = await asyncio.open_connection(address.hostname, address.port)
        back = asyncio.create_task(pump(answers, writer))
        while data := await reader.read(65536):
            asked.write(data)
            if b"insert into budgets" in data:  # It is prepared; the next message carries it out.
                asked.write(await reader.read(65536))
                back.cancel()
                await until(written)
                break
        for end in (asked, writer):
            end.close()

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)

    server = await asyncio.start_server(between, "127.0.0.1", 0)
    line = urlsplit(database)
    through = (
        f"{line.scheme}://{line.username}:{line.password}@127.0.0.1:{server.sockets[0].getsockname()[1]}{line.path}"
    )
    async with server:
        done = await asyncio.to_thread(operate, through, "set", "--business", "1", "--monthly-usd", "1")
    assert await written()
    await connection.close()
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(LOST, done.stderr), done.stderr


@pytest.mark.parametrize(("written", "read"), [("20", 20_000_000), ("0.05", 50_000), ("0", 0), ("", None)])
def test_the_default_is_read_as_dollars(monkeypatch: pytest.MonkeyPatch, written: str, read: int | None) -> None:
    monkeypatch.setenv("DARKROOM_MONTHLY_BUDGET_USD", written)
    assert GatewaySettings(database_url="postgresql://x", redis_url="redis://x").monthly_budget == read


@pytest.mark.parametrize("written", ["-1", "1e3", "a lot", "0.0000001"])
def test_a_wrong_default_is_refused(monkeypatch: pytest.MonkeyPatch, written: str) -> None:
    monkeypatch.setenv("DARKROOM_MONTHLY_BUDGET_USD", written)
    with pytest.raises(ValueError, match="DARKROOM_MONTHLY_BUDGET_USD"):
        GatewaySettings(database_url="postgresql://x", redis_url="redis://x")


@pytest.mark.parametrize(
    ("where", "status", "told"), [(">&-", 0, ""), (">/dev/full", 1, "done, but what it says is lost")]
)
def test_what_was_done_is_done_also_where_nobody_can_be_told(database: str, where: str, status: int, told: str) -> None:
    command = f"{sys.executable} -m gateway.command budgets set --business 7 --monthly-usd 5 {where}"
    environment = {"DATABASE_URL": database, "PATH": os.environ["PATH"]}
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, cwd=ROOT, env=environment, check=False
    )
    assert (done.returncode, "Traceback" in done.stderr) == (status, False), done.stderr
    assert told in done.stderr
    listed = darkroom(["budgets", "list"], environment)
    assert "5.00" in listed.stdout, listed
