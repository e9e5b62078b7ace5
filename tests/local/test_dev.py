"""dev.py, the Makefile and CI's script: what a developer types. The tools they call are stand-ins with a journal."""

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.stack import ROOT

TOOL = """#!/bin/sh
echo "$(basename "$0") $*" >> "$(dirname "$0")/../../journal"
[ ! -e "$(dirname "$0")/../../fail" ] || { echo "the reason is $(cat "$(dirname "$0")/../../fail")"; exit 9; }
"""


class Checkout:
    """A copy of what dev.py needs, with an environment that is whole and whose tools only write down their calls."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("dev.py", "pyproject.toml", "requirements.lock", "requirements-uv.lock"):
            shutil.copy(ROOT / name, folder)
        resources = folder / ".venv" / "bin"
        resources.mkdir(parents=True)
        (resources / "python").symlink_to(sys.executable)
        for name in ("uv", "npm"):
            (resources / name).write_text(TOOL)
            (resources / name).chmod(0o755)
        self.run("dev.write_stamp(dev.inputs(), [])")

    def run(self, code: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-c", f"import dev\n{code}"]
        return subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False)

    def calls(self) -> list[str]:
        """What the tools were asked since the last time."""
        journal = self.folder / "journal"
        lines = journal.read_text().splitlines() if journal.exists() else []
        journal.unlink(missing_ok=True)
        return [" ".join(line.split()[:3]) for line in lines]


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def test_an_old_python_gets_one_clear_line() -> None:
    source = (ROOT / "dev.py").read_text()
    ast.parse(source, feature_version=(3, 7))
    pretend = "import sys; sys.version_info = (3, 9, 2, 'final', 0); exec(open('dev.py').read())"
    said = subprocess.run([sys.executable, "-c", pretend], cwd=ROOT, capture_output=True, text=True, check=False)

    assert said.returncode == 1
    assert said.stderr == "darkroom: needs Python 3.11 or newer, this is 3.9. Try: make PYTHON=python3.12 up\n"


def test_packages_are_installed_once_and_again_when_the_lock_changed(checkout: Checkout) -> None:
    for _ in range(2):
        assert checkout.run("dev.make_environment('local')").returncode == 0
    assert checkout.calls() == ["uv pip install"]

    with (checkout.folder / "requirements.lock").open("a") as lock:
        lock.write("# changed\n")
    checkout.run("dev.make_environment('local')")
    assert checkout.calls() == ["uv pip install"]


def test_a_changed_lint_rule_installs_nothing(checkout: Checkout) -> None:
    checkout.run("dev.make_environment('local')")
    checkout.calls()
    with (checkout.folder / "pyproject.toml").open("a") as project:
        project.write("\n[tool.something]\nnew = true\n")

    checkout.run("dev.make_environment('local')")
    assert checkout.calls() == []


def test_an_environment_for_tests_serves_the_product_too(checkout: Checkout) -> None:
    checkout.run("dev.make_environment('local', 'test')")
    checkout.calls()

    checkout.run("dev.make_environment('local')")
    assert checkout.calls() == []


def test_a_failed_tool_shows_its_words_and_leaves_the_environment_half_made(checkout: Checkout) -> None:
    (checkout.folder / "fail").write_text("known")
    done = checkout.run("dev.make_environment('local')")

    assert done.returncode == 1
    assert "the reason is known" in done.stderr
    assert done.stderr.splitlines()[-1] == "darkroom: packages: `uv` failed with 9, its words are above"
    assert checkout.run("print(dev.read_stamp())").stdout == "{}\n"


def test_a_full_disk_is_one_line(checkout: Checkout) -> None:
    (checkout.folder / "fail").write_text("No space left on device")
    done = checkout.run("dev.make_environment('local')")

    assert done.stderr == f"darkroom: the disk of {checkout.folder} is full\n"


def test_the_front_end_is_built_once_and_again_when_its_sources_changed(checkout: Checkout) -> None:
    web = checkout.folder / "gateway" / "web"
    (web / "src").mkdir(parents=True)
    (web / "package-lock.json").write_text("{}")
    checkout.run("dev.build_web()")
    assert checkout.calls() == []

    (web / "package.json").write_text("{}")
    for made in ("node_modules", "dist"):
        (web / made).mkdir()
    for _ in range(2):
        assert checkout.run("dev.build_web()").returncode == 0
    assert checkout.calls() == ["npm ci --no-audit", "npm run build"]

    (web / "dist" / "index.html").write_text("built")
    (web / "tsconfig.tsbuildinfo").write_text("built")
    checkout.run("dev.build_web()")
    assert checkout.calls() == []

    (web / "src" / "main.tsx").write_text("new")
    checkout.run("dev.build_web()")
    assert checkout.calls() == ["npm run build"]

    shutil.rmtree(web / "dist")
    checkout.run("dev.build_web()")
    assert checkout.calls() == ["npm run build"]


def test_every_make_target_says_what_it_does_and_calls_dev_py() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = re.findall(r"^([a-z-]+):.*## .+\n\t@\$\(PYTHON\) dev\.py ([a-z-]+)$", makefile, re.MULTILINE)

    assert targets == [
        (name, name) for name in ("up", "test", "test-slow", "matrix", "chaos", "bench", "lock", "remove")
    ]


def test_ci_runs_exactly_what_a_developer_runs() -> None:
    script = ROOT / ".ci" / "run"
    commands = [line for line in script.read_text().splitlines() if line and not line.startswith("#")]

    told = ["set -eu", 'cd "$(dirname "$0")/.."', "export CI=true"]
    assert commands == [*told, "make test", "bash tests/slow/install", "make test-slow"]
    assert script.stat().st_mode & 0o111


def test_what_runs_beside_is_shown_afterwards_and_its_failure_counts(checkout: Checkout) -> None:
    beside = "dev.beside(['sh', '-c', 'echo second; exit 3'], ['true'])"
    done = checkout.run(f"with {beside}:\n    print('first', flush=True)")
    assert done.stdout == "first\nsecond\n"
    assert (done.returncode, done.stderr) == (1, "darkroom: `sh -c echo second; exit 3` failed\n")


def test_what_runs_beside_ends_with_what_failed_first(checkout: Checkout) -> None:
    done = checkout.run("with dev.beside(['sleep', 'infinity'], ['true']):\n    dev.fail('first')")
    assert (done.returncode, done.stderr) == (1, "darkroom: first\n")


@pytest.mark.parametrize(("ci", "status"), [("", 0), ("true", 1)])
def test_what_was_not_tried_is_said_and_is_a_failure_in_ci(tmp_path: Path, ci: str, status: int) -> None:
    file = tmp_path / "test_moon.py"
    file.write_text("import pytest\n\n\ndef test_it() -> None:\n    pytest.skip('the moon is not up')\n")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "tests.conftest", str(file)]
    ran = subprocess.run(command, cwd=ROOT, env={**os.environ, "CI": ci}, capture_output=True, text=True, check=False)
    assert ran.returncode == status, ran.stdout + ran.stderr
    assert "NOT TRIED" in ran.stdout
    assert "the moon is not up" in ran.stdout
