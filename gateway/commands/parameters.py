"""What the verbs of several areas take, and how they refuse."""

from collections.abc import Sequence
from typing import Annotated, Any

from cyclopts import CoercionError, Parameter, Token

from shared.db.pool import Pool


class Refused(Exception):
    """What was asked cannot be done, or not all of it; the text says why."""


def _business(_kind: Any, tokens: Sequence[Token]) -> int:
    """cyclopts' own integers may be written `1.5` and `0x10`."""
    text = tokens[0].value
    if not (text.isascii() and text.isdecimal() and 0 < int(text) < 2**63):
        raise CoercionError(msg="a business id is a positive integer")
    return int(text)


Business = Annotated[int, Parameter(converter=_business, metavar="ID")]
"""A tenant's id."""
Database = Annotated[Pool, Parameter(parse=False)]
"""Not of the command line: `command.py` hands it in."""
