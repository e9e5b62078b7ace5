"""A data folder of an earlier version goes on working, and what was wrong with it is mended."""

import contextlib
import os
import pwd
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from deploy.local import housing
from deploy.local.child import UnixUser
from deploy.local.ports import free_port
from deploy.local.stores import Postgres, _postgres_bundle
from tests.conftest import migrate
from tests.servers import PostgresServer, Running, _Server, until

AS_ROOT = os.geteuid() == 0
SECRET = "0123456789abcdef"


class _AsItWas(Postgres):
    """Made as by the first versions: everything belongs to the superuser, and root's to the account nobody."""

    def prepare(self) -> None:
        nobody = pwd.getpwnam("nobody")
        self._user = self._maker = UnixUser(nobody.pw_uid, nobody.pw_gid) if AS_ROOT else None
        self._home, self._data = self._folder, self._folder / "data"
        self._home.mkdir(mode=0o700)
        secret = self._home / "secret"
        secret.write_text(SECRET)
        (self._home / "programs-1").mkdir()
        housing.hand_over(self._home, self._user)
        self._programs = housing.programs(_postgres_bundle(), self._user)
        who = ["-U", "darkroom", "-A", "scram-sha-256", "--pwfile", str(secret), "-E", "UTF8"]
        self._run("initdb", "-D", str(self._data), *who, "--no-sync", "--locale=C")
        self._run("postgres", "--single", "-D", str(self._data), "postgres", typed="create database darkroom\n")


class Earlier(PostgresServer):
    """Such a folder, with its server at work."""

    def __init__(self) -> None:
        _Server.__init__(self, lambda folder: _AsItWas(folder, free_port(), durable=False))

    @property
    def home(self) -> Path:
        return self._folder / "store"

    def is_left(self) -> bool:
        """Whether a process of the server that was killed still works on the data."""
        data = str(self.home / "data")
        return any(Path(it).is_relative_to(data) for it in _working_folders())

    def upgrade(self) -> None:
        """What this version does with the folder."""
        self._store = Postgres(self.home, free_port(), durable=False)
        self._store.prepare()
        self._running = Running(self._store.child(), self._folder / "log-of-now")
        self.start()


def _working_folders() -> Iterator[str]:
    for process in Path("/proc").glob("[0-9]*/cwd"):
        with contextlib.suppress(OSError):
            yield str(process.readlink())


async def ask(url: str, *questions: str) -> list[object]:
    connection = await asyncpg.connect(url)
    try:
        return [await connection.fetchval(question) for question in questions]
    finally:
        await connection.close()


async def test_it_is_the_services_now_and_they_are_no_superuser(tmp_path: Path) -> None:
    with Earlier() as server:
        migrate(server.url(), tmp_path)
        await ask(server.url(), "create type mood as enum ('calm')", "create view calm as select 'calm'::mood")
        before = await ask(server.url(), "select count(*) from pg_class where relnamespace = 'public'::regnamespace")
        server.stop()
        server.upgrade()

        url = server.services_url()
        migrate(url, tmp_path)  # They may go on with it.
        assert await ask(
            url,
            "select rolsuper or rolcreaterole or rolcreatedb from pg_roles where rolname = current_user",
            "select count(*) from pg_class where relnamespace = 'public'::regnamespace",
            "alter table jobs add column more int",
            "alter type mood add value 'stormy'",
        ) == [False, *before, None, None]
        strangers = """select string_agg(it::text, ' ') from (
            select oid::regclass::text, relowner as owner, relnamespace as room from pg_class
            union all select oid::regprocedure::text, proowner, pronamespace from pg_proc p
                where not exists (select from pg_depend where objid = p.oid and deptype = 'e')) it
            where room = 'public'::regnamespace and owner <> 'services'::regrole"""
        assert await ask(url, strangers) == [None]
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await ask(url, "select * from pg_authid")


async def test_whoever_knew_its_password_knows_it_no_more() -> None:
    with Earlier() as server:
        await ask(server.url(), "create table kept as select 7 as n")
        server.kill()  # What was committed is read from the log, by whoever opens the data first.
        until("its processes are gone", lambda: not server.is_left())
        server.upgrade()
        assert SECRET not in server.url()
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(server.url(), password=SECRET)
        assert await ask(server.services_url(), "select n from kept") == [7]
        server.stop()
        server.upgrade()
        assert await ask(server.services_url(), "select n from kept") == [7]
