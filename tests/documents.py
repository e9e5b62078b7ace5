"""Reading our documents: sections, tables, blocks and lines of curl. For the tests that compare them with the code."""

import json
import re
import shlex
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from tests.repository import ROOT, files


@cache
def read(name: str) -> str:
    """The text of a file of the repository."""
    return (ROOT / name).read_text()


def sections(name: str) -> dict[str, str]:
    """The text under each heading of the second level."""
    _, *parts = re.split(r"^## ", read(name), flags=re.MULTILINE)
    return {heading.strip(): text for heading, _, text in (part.partition("\n") for part in parts)}


def rows(text: str) -> list[list[str]]:
    """The rows of all tables in a text, without their heads."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    heads = {index - 1 for index, row in enumerate(cells) if set("".join(row)) <= set("|- ")}
    return [row for index, row in enumerate(cells) if index not in heads and index - 1 not in heads]


def blocks(name: str, language: str) -> list[str]:
    """The fenced blocks of a page in this language."""
    return re.findall(rf"^```{language}\n(.*?)^```", read(name), re.MULTILINE | re.DOTALL)


def coded(cell: str) -> str:
    """The name in backticks at the beginning of a cell."""
    found = re.match(r"`([^`]*)`", cell)
    assert found, f"{cell!r} should begin with a name in backticks"
    return found[1]


def pages() -> list[Path]:
    """Every document."""
    return [
        ROOT / path
        for path in files()
        if path.suffix == ".md" and path.parts[0] in {"docs", "README.md", "CHANGELOG.md"}
    ]


def curls(name: str) -> list[list[str]]:
    """The words of each curl line in the shell blocks of a page."""
    lines = [line for block in blocks(name, "sh") for line in block.replace("\\\n", " ").splitlines()]
    return [shlex.split(line) for line in lines if line.startswith("curl ")]


def asked(words: list[str]) -> tuple[str, str, dict[str, str]]:
    """Method, path and JSON fields of a curl line."""
    method = words[words.index("-X") + 1] if "-X" in words else "POST" if "--json" in words else "GET"
    (url,) = [word for word in words if word.startswith("http")]
    body = next((words[words.index(flag) + 1] for flag in ("-d", "--json") if flag in words), "{}")
    return method, urlsplit(url).path, json.loads(body)
