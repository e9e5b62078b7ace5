"""What `darkroom` makes of its words, before it asks Postgres."""

import pytest

from tests.terminal import darkroom


def test_help_in_a_pipe_is_plain_and_names_every_area() -> None:
    done = darkroom(["--help"], {})
    assert (done.returncode, done.stderr) == (0, "")
    assert all(f"\n  {area}: " in done.stdout for area in ("budgets", "keys", "pictures", "prompts"))
    assert done.stdout.isascii() and "\x1b" not in done.stdout


def test_every_option_is_in_the_help_of_its_verb() -> None:
    said = darkroom(["keys", "make", "-h"], {}).stdout
    assert all(option in said for option in ("--name", "--business", "--all-businesses", "--right", "--expires-days"))
    assert "read, write, generate, operate" in said


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["nothing"],
        ["--version"],
        ["keys"],
        ["keys", "lend"],
        ["keys", "list", "all"],
        ["keys", "make", "--name", "x"],
        ["keys", "make", "--name", "x", "--business", "1", "--all-businesses"],
        ["keys", "make", "--name", "x", "--all-businesses=false"],
        ["keys", "make", "--name", "x", "--no-all-businesses"],
        ["keys", "make", "--name", "x", "--business", "1.5"],
        ["keys", "make", "--name", "x", "--business", "0x10"],
        ["keys", "make", "--name", "x", "--all-businesses", "--right"],
        ["keys", "make", "--name", "x", "--all-businesses", "--db", "x"],
        ["keys", "rotate", "x", "--overlap-hours", "9000"],
        ["keys", "rotate", "--prefix", "x"],
        ["pictures", "save", "no-id", "file"],
        ["pictures", "save", "01890000-0000-7000-8000-000000000000"],
        ["prompts", "erase"],
        ["prompts", "erase", "--business", "x"],
    ],
    ids=" ".join,
)
def test_what_is_not_understood_is_refused_in_one_line(words: list[str]) -> None:
    done = darkroom(words, {})
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), done
    assert done.stderr.startswith("darkroom")
