"""Colour profiles: their form is checked, and only what says something about colours is kept. Pure.

A profile is a header, a table of tags and what the tags point at. Whoever can add a tag of his own can put anything
into it, and so can whoever leaves room between two.
"""

_HEADER = 128
_MOST = 4 * 1024 * 1024
"""Bytes. The largest that printers have are half of it."""
_MOST_TAGS = 100
_MOST_TEXT = 8 * 1024
"""Bytes of all tags of words together, which are names in some languages."""

_TEXTS = frozenset({b"desc", b"cprt", b"dmnd", b"dmdd", b"vued"})
_COLOURS = frozenset(
    {
        b"wtpt", b"bkpt", b"rXYZ", b"gXYZ", b"bXYZ", b"rTRC", b"gTRC", b"bTRC", b"kTRC", b"chad", b"lumi", b"view",
        b"tech", b"meas", b"chrm", b"clro", b"clrt", b"cicp", b"gamt", b"rig0", b"rig2", b"resp",
        b"A2B0", b"A2B1", b"A2B2", b"B2A0", b"B2A1", b"B2A2", b"D2B0", b"D2B1", b"D2B2", b"D2B3", b"B2D0", b"B2D1",
        b"B2D2", b"B2D3", b"pre0", b"pre1", b"pre2", b"vcgt", b"aarg", b"aagg", b"aabg",
    }
)  # fmt: skip


def cleaned(profile: bytes) -> bytes:
    """The profile as it came where it holds nothing else, one made of its allowed tags where it does, and nothing where
    it is no profile: decoders then see the colours as they see them without one."""
    length = int.from_bytes(profile[:4], "big")
    if not _HEADER + 4 <= length <= min(len(profile), _MOST) or profile[36:40] != b"acsp":
        return b""
    count = int.from_bytes(profile[128:132], "big")
    if count > _MOST_TAGS or _HEADER + 4 + 12 * count > length:
        return b""
    tags: list[tuple[bytes, int, int]] = []
    for at in range(132, 132 + 12 * count, 12):
        start, size = (int.from_bytes(profile[at + n : at + n + 4], "big") for n in (4, 8))
        if start < 132 + 12 * count or start + size > length:
            return b""
        tags.append((profile[at : at + 4], start, start + size))
    kept = _allowed(tags)
    if len(kept) == len(tags) and len(profile) == length and not any(profile[100:128]) and _filled(profile, kept):
        return profile
    if not kept or sum(stop - start for _, start, stop in kept) > 2 * _MOST:  # Tags may lie over each other.
        return b""
    return _made(profile, kept)


def _allowed(tags: list[tuple[bytes, int, int]]) -> list[tuple[bytes, int, int]]:
    names: set[bytes] = set()
    kept = []
    room = _MOST_TEXT
    for name, start, stop in tags:
        fits = name in _COLOURS or (name in _TEXTS and stop - start <= room)
        if fits and name not in names:
            room -= stop - start if name in _TEXTS else 0
            names.add(name)
            kept.append((name, start, stop))
    return kept


def _filled(profile: bytes, tags: list[tuple[bytes, int, int]]) -> bool:
    """Whether there is nothing between the tags but zeros up to the next number that four divides."""
    end = 132 + 12 * len(tags)
    for start, stop in [*sorted(tag[1:] for tag in tags), (len(profile), len(profile))]:
        if start > end + 3 or any(profile[end:start]):
            return False
        end = max(end, stop)
    return True


def _made(profile: bytes, tags: list[tuple[bytes, int, int]]) -> bytes:
    """Without the digest in the header, which may be zero. Tags that share their content go on sharing it."""
    table, body, places = bytearray(len(tags).to_bytes(4, "big")), bytearray(), dict[tuple[int, int], int]()
    first = 132 + 12 * len(tags)
    for name, start, stop in tags:
        place = places.get((start, stop))
        if place is None:
            place = places[start, stop] = first + len(body)
            body += profile[start:stop] + bytes(-(stop - start) % 4)
        table += name + place.to_bytes(4, "big") + (stop - start).to_bytes(4, "big")
    length = _HEADER + len(table) + len(body)
    return length.to_bytes(4, "big") + profile[4:84] + bytes(44) + bytes(table) + bytes(body)
