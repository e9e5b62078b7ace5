"""What reaches the terminal, and how."""

import io

import pytest

from deploy.local.screen import Screen


class Terminal(io.StringIO):
    """Says that it is one."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def out() -> io.StringIO:
    return io.StringIO()


def test_warnings_are_shown_with_name_and_fields(out: io.StringIO) -> None:
    line = b'{"event":"store.failed","level":"error","timestamp":"x","took_ms":7,"exception":"T\\nE: why"}'

    assert Screen(out).log_line("upload", line)
    assert "upload     store.failed took_ms=7 E: why\n" in out.getvalue()


def test_information_is_not_shown(out: io.StringIO) -> None:
    assert Screen(out).log_line("upload", b'{"event":"image.stored","level":"info"}')
    assert out.getvalue() == ""


@pytest.mark.parametrize("line", [b"Traceback (most recent call last):", b'{"level": "error", broken', b""])
def test_what_is_no_log_line_is_not_taken_for_one(out: io.StringIO, line: bytes) -> None:
    assert not Screen(out).log_line("upload", line)
    assert out.getvalue() == ""


def test_colours_are_for_terminals_that_want_them(out: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    Screen(out).event("upload", "x")
    terminal = Terminal()
    Screen(terminal).event("upload", "x")
    monkeypatch.setenv("NO_COLOR", "1")
    plain = Terminal()
    Screen(plain).event("upload", "x")

    assert "\033[" not in out.getvalue()
    assert "\033[33m" in terminal.getvalue()
    assert "\033[" not in plain.getvalue()


def test_a_closed_terminal_ends_nothing(out: io.StringIO) -> None:
    screen = Screen(out)
    out.close()
    screen.step("x")
