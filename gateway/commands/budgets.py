"""`./darkroom budgets`: an operator sets, lists and clears what businesses may spend in a month."""

import argparse
import asyncio
import sys
from typing import NoReturn

from shared.db import budgets
from shared.db import pool as db
from shared.db.pool import DatabaseUnavailable, Pool
from shared.domain.money import micros, usd
from shared.settings import CommandSettings, read


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """One line, without the usage that argparse puts before it."""
        self.exit(2, f"darkroom budgets: {message}\n")


def _business(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 0 < int(text) < 2**63):
        raise argparse.ArgumentTypeError("must be a positive whole number")
    return int(text)


def _dollars(text: str) -> int:
    try:
        return micros(text)
    except ValueError as wrong:
        raise argparse.ArgumentTypeError(str(wrong)) from None


def parse(words: list[str] | None = None) -> argparse.Namespace:
    """The command line. Ends the process with 2 and one line where it is wrong."""
    parser = _Parser(prog="darkroom budgets", description="What businesses may spend in a month (UTC).")
    verbs = parser.add_subparsers(dest="verb", required=True, parser_class=_Parser)
    putting = verbs.add_parser("set", help="give a business a budget of its own")
    clearing = verbs.add_parser("clear", help="take it away: the default applies again")
    verbs.add_parser("list", help="show the default and every budget that was set")
    for verb in (putting, clearing):
        verb.add_argument("--business", type=_business, required=True, metavar="ID")
    putting.add_argument("--monthly-usd", type=_dollars, required=True, metavar="DOLLARS", help="such as 20 or 0.50")
    return parser.parse_args(words)


async def _carry_out(asked: argparse.Namespace, pool: Pool, default: int | None) -> list[str]:
    match asked.verb:
        case "set":
            await budgets.set_limit(pool, asked.business, asked.monthly_usd)
            return [f"business {asked.business}: ${usd(asked.monthly_usd)} a month"]
        case "clear":
            had = await budgets.clear_limit(pool, asked.business)
            return [f"business {asked.business}: {'' if had else 'had no budget of its own; '}{_default(default)}"]
        case _:
            own = [
                f"business {business_id}: ${usd(limit)} a month" for business_id, limit in await budgets.limits(pool)
            ]
            return [*own, f"every other business: {_default(default)}"]


def _default(default: int | None) -> str:
    return "no limit" if default is None else f"${usd(default)} a month (DARKROOM_MONTHLY_BUDGET_USD)"


async def _run(asked: argparse.Namespace) -> list[str]:
    settings = read(CommandSettings)
    async with await db.connect(settings) as pool:
        return await _carry_out(asked, pool, settings.monthly_budget)


def main(words: list[str] | None = None) -> None:
    """Carries out one command. Ends with 1 and one line when Postgres is away."""
    asked = parse(words)
    try:
        lines = asyncio.run(_run(asked))
    except DatabaseUnavailable as gone:
        raise SystemExit(
            f"darkroom budgets: Postgres does not take it now ({gone}); `./darkroom budgets list` shows what applies"
        ) from None
    sys.stdout.write("\n".join(lines) + "\n")
