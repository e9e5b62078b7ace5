"""Who asks, for what is shared out by key and by business. Pure.

The business is the one that the query names, where the key may act for it, else the key's only one.
"""

from urllib.parse import parse_qsl

from starlette.types import Scope

from shared.domain import caller
from shared.domain.caller import Caller
from shared.http import shares
from shared.http.shares import ShareKey


def of(scope: Scope) -> ShareKey:
    """Of a request that the lock has let in. Found once for each."""
    found: ShareKey | None = scope["state"].get("asker")
    if found is None:
        who = caller.of(scope)
        found = scope["state"]["asker"] = shares.share_key(who, business(who, scope["query_string"]))
    return found


def business(who: Caller, query: bytes) -> int | None:
    """The business that is named, if it may be: nobody takes a stranger's share. Else the only one, if it is one."""
    for name, value in reversed(parse_qsl(query.decode("latin-1"))):
        if name == "business_id":
            # A number of 19 digits at most; what else stands there is refused by whoever answers.
            named = int(value) if value.isascii() and value.isdecimal() and len(value) < 20 else 0
            if named and who.owns(named):
                return named
            break
    return next(iter(who.businesses)) if who.businesses is not None and len(who.businesses) == 1 else None
