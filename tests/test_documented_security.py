"""docs/security.md says no more than tests hold: after each sentence, in its paragraph, stands the test for it."""

import re
from functools import cache

from tests.documents import read, sections
from tests.repository import ROOT, files

PAGE = "docs/security.md"
WITHOUT = {"What is worth something here", "Left to you"}
"""Sections that defend nothing: what there is to lose, and what others have to do."""
_REFERENCE = r"`(?:tests/[\w/*]+\.py|test_\w+)`"


def paragraphs() -> list[str]:
    found = []
    for heading, text in sections(PAGE).items():
        if heading not in WITHOUT:
            # A list belongs to the paragraph that introduces it, and each of its points has its own sentences.
            found += [" ".join(part.split()) for part in re.split(r"\n\n|\n(?=- )", text) if part.strip()]
    return found


@cache
def names() -> set[str]:
    named = set()
    for path in files():
        if path.parts[0] == "tests" and path.suffix == ".py":
            named |= set(re.findall(r"^(?:async )?def (test_\w+)", (ROOT / path).read_text(), re.MULTILINE))
    return named


def test_every_sentence_is_followed_by_its_test() -> None:
    untested = []
    for paragraph in paragraphs():
        references = list(re.finditer(_REFERENCE, paragraph))
        if not references and paragraph.startswith("- "):
            continue  # What introduces the list names its test.
        # Behind the last one only its brackets end, other places to read follow, or a list.
        if not references or re.search(r"[.:]\s+\S", paragraph[references[-1].end() :]):
            untested.append(paragraph[:120])
    assert not untested, "\n".join(untested)


def test_every_test_that_is_named_exists() -> None:
    named = re.findall(r"`(test_\w+)`", read(PAGE))
    assert named
    assert set(named) <= names()
    for place in re.findall(r"`(tests/[\w/*]+\.py)`", read(PAGE)):
        assert list(ROOT.glob(place)), place
