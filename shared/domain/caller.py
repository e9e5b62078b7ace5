"""Who asks: what they may do, and for which businesses. Pure.

How a key or a token becomes a Caller is in `gateway/auth/authenticate.py`, how a service is told of one in
`internal_auth.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from shared.domain.errors import Forbidden


class Right(StrEnum):
    """What a key may do."""

    READ = "read"
    """Look: lists, pictures, jobs, prices, usage, validation."""
    WRITE = "write"
    """Upload, change, delete, restore, derive, attach to posts."""
    GENERATE = "generate"
    """Spend money: ask for pictures, and cancel."""
    OPERATE = "operate"
    """See what only an operator should: the gateway's metrics."""


BusinessIds = Sequence[int] | None
"""The businesses whose rows a query may touch; None: anybody's."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody whose key or token was found to be valid."""

    name: str
    """For the log and the limits: a key's prefix, `jwt:` and a digest of who has the token, or `anyone`. No secret."""
    rights: frozenset[Right]
    """What it may do."""
    businesses: frozenset[int] | None
    """The tenants it may act for; None: all of them."""

    def require(self, right: Right) -> None:
        """Raises Forbidden unless it has this right."""
        if right not in self.rights:
            raise Forbidden(f"This needs a key with the right `{right}`")

    def act_for(self, business_id: int) -> None:
        """Raises Forbidden unless it may act for this business, whether or not there is such a business."""
        if self.businesses is not None and business_id not in self.businesses:
            raise Forbidden("The key is not for this business")

    def owns(self, business_id: int) -> bool:
        """Whether what belongs to this business may be shown to it."""
        return self.businesses is None or business_id in self.businesses

    def business_ids(self, business_id: int | None) -> BusinessIds:
        """The business that was named, else all it may act for.

        Raises Forbidden like `act_for`.
        """
        if business_id is not None:
            self.act_for(business_id)
            return [business_id]
        return None if self.businesses is None else sorted(self.businesses)


ANYONE = Caller("anyone", frozenset(Right), None)
"""While nobody is asked who they are: possible on a loopback address only."""


def of(scope: Mapping[str, Any]) -> Caller:
    """Who sent this request. A request that no door has looked at has none: KeyError, and so 500, never data."""
    caller: Caller = scope["state"]["caller"]
    return caller
