"""`Prefer`, read as RFC 7240 says: names in any case, spaces, quotation marks, the first of several counts. Pure."""

import re

_ELEMENT = re.compile(rb'(?:[^,"]|"(?:[^"\\]|\\.)*")+')
_WAIT = re.compile(rb'[ \t]*wait[ \t]*=[ \t]*("?)([0-9]+)\1[ \t]*(?:;.*)?', re.IGNORECASE | re.DOTALL)


def wait(said: bytes) -> int:
    """Seconds of the preference `wait`; 0 without it. `said`: all headers of the name, with commas between."""
    for element in _ELEMENT.findall(said):
        if found := _WAIT.fullmatch(element):
            return int(found[2].lstrip(b"0")[:9] or 0)
    return 0
