"""`darkroom keys`: an operator makes, lists, rotates and revokes API keys."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from cyclopts import App, Parameter, Token

from gateway.commands.parameters import Business, Database
from shared.db import api_keys
from shared.db.pool import transaction
from shared.db.tables import ApiKey
from shared.domain.caller import Right

app = App("keys", help="API keys: who may do what.")


def _name(_kind: Any, tokens: Sequence[Token]) -> str:
    text = tokens[0].value
    if not text.strip() or len(text) > 100 or not text.isprintable():
        raise ValueError("1 to 100 printable characters")
    return text.strip()


def _between(least: float, most: float) -> Callable[[Any, float | None], None]:
    def check(_kind: Any, value: float | None) -> None:
        if value is not None and not least <= value <= most:  # What is no number is between nothing.
            raise ValueError(f"It must be a number from {least:g} to {most:g}")

    return check


def _one_tenant_or_all(business: Sequence[int] = (), *, all_businesses: bool = False, **_others: object) -> None:
    if bool(business) == all_businesses:
        raise ValueError("Either --business or --all-businesses is needed, and not both.")


@app.command(validator=_one_tenant_or_all)
async def make(
    *,
    name: Annotated[str, Parameter(converter=_name, help="Whose it is, for the list.")],
    business: Annotated[
        tuple[Business, ...], Parameter(help="A tenant it may act for; repeat for more.", show_default=False)
    ] = (),
    all_businesses: Annotated[bool, Parameter(help="It may act for every tenant.", show_default=False)] = False,
    right: Annotated[tuple[Right, ...], Parameter(consume_multiple=1)] = (Right.READ, Right.WRITE, Right.GENERATE),
    expires_days: Annotated[
        float | None,
        Parameter(validator=_between(1 / 24, 3650), help="Days it is valid; without end unless given."),
    ] = None,
    db: Database,
) -> str:
    """Make a key; it is shown once."""
    expires = datetime.now(UTC) + timedelta(days=expires_days) if expires_days else None
    key, text = await api_keys.make(db, name, right, None if all_businesses else business, expires)
    return _shown_once(key, text)


@app.command(name="list")
async def list_keys(*, db: Database) -> str:
    """Every key, by its public prefix."""
    found = await api_keys.every(db)
    if not found:
        return "No keys yet. Make one: ./darkroom keys make --name NAME --business 1"
    rows = [("PREFIX", "NAME", "BUSINESSES", "RIGHTS", "STATE")]
    rows += [(key.prefix, key.name, _businesses(key), ",".join(key.rights), _state(key)) for key in found]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(cell.ljust(n) for cell, n in zip(row, widths, strict=True)).rstrip() for row in rows)


@app.command
async def rotate(
    prefix: str,
    /,
    *,
    overlap_hours: Annotated[float, Parameter(validator=_between(0, 24 * 365), help="How long both are valid.")] = 24,
    db: Database,
) -> str:
    """A new key like an old one, which stays valid for a while."""
    async with transaction(db) as connection:
        key, text = await api_keys.rotate(connection, prefix, overlap_hours)
    return f"{prefix} is valid for {overlap_hours:g} more hours.\n{_shown_once(key, text)}"


@app.command
async def revoke(prefix: str, /, *, db: Database) -> str:
    """End a key now."""
    await api_keys.revoke(db, prefix)
    return f"{prefix} is revoked; within 5 seconds it opens nothing anywhere."


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
