"""`darkroom budgets`: an operator sets, lists and clears what businesses may spend in a month."""

from collections.abc import Sequence
from typing import Annotated, Any

from cyclopts import App, Parameter, Token

from gateway.commands.parameters import Business, Database
from shared.db import budgets
from shared.domain.money import micros, usd
from shared.settings import CommandSettings, read

app = App("budgets", help="What businesses may spend in a month (UTC).")

UNKNOWN = "Postgres does not take it now ({}); `./darkroom budgets list` shows what applies"
"""For a Postgres that went away, perhaps after it did what it was told."""


def _dollars(_kind: Any, tokens: Sequence[Token]) -> int:
    return micros(tokens[0].value)


@app.command(name="set")
async def set_budget(
    *,
    business: Business,
    monthly_usd: Annotated[int, Parameter(converter=_dollars, metavar="DOLLARS", help="Such as 20 or 0.50.")],
    db: Database,
) -> str:
    """Give a business a budget of its own."""
    await budgets.set_limit(db, business, monthly_usd)
    return f"business {business}: ${usd(monthly_usd)} a month"


@app.command
async def clear(*, business: Business, db: Database) -> str:
    """Take it away: the default applies again."""
    had = await budgets.clear_limit(db, business)
    return f"business {business}: {'' if had else 'had no budget of its own; '}{_default()}"


@app.command(name="list")
async def list_budgets(*, db: Database) -> str:
    """Show the default and every budget that was set."""
    own = [f"business {business_id}: ${usd(limit)} a month" for business_id, limit in await budgets.limits(db)]
    return "\n".join([*own, f"every other business: {_default()}"])


def _default() -> str:
    default = read(CommandSettings).monthly_budget
    return "no limit" if default is None else f"${usd(default)} a month (DARKROOM_MONTHLY_BUDGET_USD)"
