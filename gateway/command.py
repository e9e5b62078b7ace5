"""`./darkroom keys …`, `budgets …`, `pictures …` and `prompts …`: what an operator does from a terminal.

Speaks with Postgres only. The verbs of budgets, pictures and prompts are in files of these names.
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from gateway.commands import budgets, pictures, prompts
from shared.db import api_keys
from shared.db.pool import DatabaseUnavailable, Pool, connect, transaction
from shared.db.tables import ApiKey
from shared.domain.caller import Right
from shared.domain.errors import NotFound
from shared.settings import CommandSettings, read


def main(words: Sequence[str] | None = None) -> int:
    """The exit status: 0 done, 1 refused, 2 not understood."""
    words = sys.argv[1:] if words is None else list(words)
    if words[:1] == ["budgets"]:
        budgets.main(words[1:])
        return 0
    asked = _parser().parse_args(words)
    return asyncio.run(_run(asked, read(CommandSettings)))


async def _run(asked: argparse.Namespace, settings: CommandSettings) -> int:
    try:
        async with await connect(settings) as db:
            print(await asked.act(db, asked))
    except (NotFound, pictures.NotDelivered, prompts.Unfinished) as wrong:
        return _refuse(str(wrong))
    except DatabaseUnavailable as gone:
        return _refuse(f"the database does not answer ({gone}); is Darkroom running, is DATABASE_URL right?")
    return 0


def _refuse(line: str) -> int:
    print(f"darkroom: {line}", file=sys.stderr)
    return 1


async def _make(db: Pool, asked: argparse.Namespace) -> str:
    expires = datetime.now(UTC) + timedelta(days=asked.expires_days) if asked.expires_days else None
    businesses = None if asked.all_businesses else asked.business
    key, text = await api_keys.make(db, asked.name, [Right(right) for right in asked.right], businesses, expires)
    return _shown_once(key, text)


async def _list(db: Pool, _asked: argparse.Namespace) -> str:
    found = await api_keys.every(db)
    if not found:
        return "No keys yet. Make one: ./darkroom keys make --name NAME --business 1"
    rows = [("PREFIX", "NAME", "BUSINESSES", "RIGHTS", "STATE")]
    rows += [(key.prefix, key.name, _businesses(key), ",".join(key.rights), _state(key)) for key in found]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(cell.ljust(n) for cell, n in zip(row, widths, strict=True)).rstrip() for row in rows)


async def _rotate(db: Pool, asked: argparse.Namespace) -> str:
    async with transaction(db) as connection:
        key, text = await api_keys.rotate(connection, asked.prefix, asked.overlap_hours)
    return f"{asked.prefix} is valid for {asked.overlap_hours:g} more hours.\n{_shown_once(key, text)}"


async def _revoke(db: Pool, asked: argparse.Namespace) -> str:
    await api_keys.revoke(db, asked.prefix)
    return f"{asked.prefix} is revoked; within 5 seconds it opens nothing anywhere."


def _shown_once(key: ApiKey, text: str) -> str:
    return (
        f"{text}\n\n{key.name}: {', '.join(key.rights)} for {_businesses(key)}; {_state(key)}.\n"
        "This is the only time the key is shown. Send it as `Authorization: Bearer …`."
    )


def _businesses(key: ApiKey) -> str:
    return "all businesses" if key.businesses is None else ",".join(map(str, key.businesses))


def _state(key: ApiKey) -> str:
    if key.revoked_at:
        return f"revoked {key.revoked_at:%Y-%m-%d}"
    if key.expires_at is None:
        return "valid without end"
    return f"{'expired' if key.expires_at <= datetime.now(UTC) else 'valid until'} {key.expires_at:%Y-%m-%d %H:%M} UTC"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="darkroom", description="What an operator of Darkroom does from a terminal.")
    areas = parser.add_subparsers(required=True, metavar="AREA")
    areas.add_parser("budgets", help="what businesses may spend in a month", add_help=False)
    pictures.add_to(areas)
    prompts.add_to(areas, _business)
    of_keys = areas.add_parser("keys", help="API keys: who may do what").add_subparsers(required=True, metavar="VERB")

    make = of_keys.add_parser("make", help="make a key; it is shown once")
    make.add_argument("--name", required=True, type=_name, help="whose it is, for the list")
    whose = make.add_mutually_exclusive_group(required=True)
    whose.add_argument("--business", type=_business, action="append", help="a tenant it may act for; repeat for more")
    whose.add_argument("--all-businesses", action="store_true", help="it may act for every tenant")
    rights = [right.value for right in Right]
    make.add_argument("--right", choices=rights, nargs="+", default=rights[:3], help="default: read write generate")
    make.add_argument("--expires-days", type=_positive, help="days it is valid; default: without end")
    make.set_defaults(act=_make)

    of_keys.add_parser("list", help="every key, by its public prefix").set_defaults(act=_list)

    rotate = of_keys.add_parser("rotate", help="a new key like an old one, which stays valid for a while")
    rotate.add_argument("prefix")
    rotate.add_argument("--overlap-hours", type=_hours, default=24.0, help="how long both are valid; default: 24")
    rotate.set_defaults(act=_rotate)

    revoke = of_keys.add_parser("revoke", help="end a key now")
    revoke.add_argument("prefix")
    revoke.set_defaults(act=_revoke)
    return parser


def _name(text: str) -> str:
    if not text.strip() or len(text) > 100 or not text.isprintable():
        raise argparse.ArgumentTypeError("1 to 100 printable characters")
    return text.strip()


def _business(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 2**63:
        raise argparse.ArgumentTypeError("a business id is a positive integer")
    return int(text)


def _positive(text: str) -> float:
    return _number(text, least=1 / 24, most=3650)


def _hours(text: str) -> float:
    return _number(text, least=0, most=24 * 365)


def _number(text: str, *, least: float, most: float) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not least <= value <= most:
        raise argparse.ArgumentTypeError(f"a number from {least:g} to {most:g}")
    return value


if __name__ == "__main__":
    sys.exit(main())
