"""`If-None-Match` and `If-Match`, read in one way. Pure.

Compared weakly: a proxy in front that packs an answer marks its tag as weak (nginx does), and it is still that version.
"""

import re

_TAG = re.compile(r'(?:W/)?("[^"]*")')


def names(header: str | bytes | None, etag: str | bytes) -> bool:
    """Whether the header names this version; `*` names every one."""
    if not header:
        return False
    tags = _text(header).strip()
    return tags == "*" or _text(etag).removeprefix("W/") in _TAG.findall(tags)


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("latin-1")
