"""Ways in which a Postgres that runs does not take what is written: begun and ended on a real server."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.servers import PostgresServer

ROLE = "ordinary"
"""A role that is no superuser, whom a limit of connections does not spare."""

_FULL = """
create function no_space() returns trigger language plpgsql as $$
begin raise exception 'could not do it' using errcode = '{state}'; end $$;
create trigger no_space before insert or update on {table} for each row execute function no_space()
"""


@dataclass(frozen=True)
class Trouble:
    """One way. Each function gets the server and the name of the database."""

    name: str
    begin: Callable[[PostgresServer, str], None]
    end: Callable[[PostgresServer, str], None]


def url_for_role(server: PostgresServer, database: str) -> str:
    """The address of the database for ROLE, which may do all that the product does."""
    server.execute(
        f"""do $$ begin
            if not exists (select from pg_roles where rolname = '{ROLE}') then
                create role {ROLE} login password '{ROLE}';
            end if;
        end $$""",
        f"grant usage on schema public to {ROLE}",
        f"grant all on all tables in schema public to {ROLE}",
        f"grant all on all sequences in schema public to {ROLE}",
        database=database,
    )
    return f"postgresql://{ROLE}:{ROLE}@127.0.0.1:{server.port}/{database}"


def _ends_sessions(server: PostgresServer, database: str) -> None:
    server.execute(
        f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{database}' and usename = '{ROLE}'"
    )


def _read_only(server: PostgresServer, database: str) -> None:
    server.execute(f"alter role {ROLE} in database {database} set default_transaction_read_only = on")
    _ends_sessions(server, database)


def _writable(server: PostgresServer, database: str) -> None:
    server.execute(f"alter role {ROLE} in database {database} reset default_transaction_read_only")
    _ends_sessions(server, database)


def _full(table: str, state: str = "53100") -> Callable[[PostgresServer, str], None]:
    return lambda server, database: server.execute(_FULL.format(table=table, state=state), database=database)


def _no_longer_full(server: PostgresServer, database: str) -> None:
    server.execute("drop function no_space() cascade", database=database)


def _no_connections(server: PostgresServer, database: str) -> None:
    server.execute(f"alter role {ROLE} connection limit 0")
    _ends_sessions(server, database)


def _connections(server: PostgresServer, _: str) -> None:
    server.execute(f"alter role {ROLE} connection limit -1")


READ_ONLY = Trouble("read-only", _read_only, _writable)
FULL = Trouble("no space for anything", _full("attempts"), _no_longer_full)
FULL_FOR_PICTURES = Trouble("no space for pictures", _full("spills"), _no_longer_full)
NO_CONNECTIONS = Trouble("too many connections", _no_connections, _connections)
BROKEN = Trouble("broken", _full("attempts", "XX001"), _no_longer_full)
TROUBLES = (READ_ONLY, FULL, FULL_FOR_PICTURES, NO_CONNECTIONS, BROKEN)
