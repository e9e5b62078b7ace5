"""The package: a wheel of the product alone, whose command works where nothing of the repository is."""

import os
import pty
import subprocess
import sys
import sysconfig
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.repository import ROOT, SERVICES, files

UV = Path(sys.executable).with_name("uv")
PRODUCT = (*SERVICES, "shared")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built with what uv itself brings: nothing is fetched."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run([UV, "build", "--quiet", "--offline", "--wheel", "--out-dir", folder, ROOT], check=True)
    return next(folder.glob("darkroom-*.whl"))


@pytest.fixture(scope="module")
def program(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`darkroom` in an environment of its own, which sees the packages of this one."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    python = folder / "bin" / "python"
    subprocess.run([UV, "pip", "install", "--quiet", "--offline", "--no-deps", "--python", python, wheel], check=True)
    [packages] = folder.glob("lib/python*/site-packages")
    (packages / "packages.pth").write_text(sysconfig.get_path("purelib"))
    return folder / "bin" / "darkroom"


def test_the_wheel_holds_the_product_with_its_data_and_nothing_else(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        held = {Path(name) for name in archive.namelist() if not name.endswith("/")}
    studio, web = Path("gateway/web/dist"), Path("gateway/web")
    assert {path.parts[0] for path in held} - set(PRODUCT) == {
        wheel.name.removesuffix("-py3-none-any.whl") + ".dist-info"
    }
    product = {path for path in files() if path.parts[0] in PRODUCT and not path.is_relative_to(web)}
    assert product <= held
    assert all(path.is_relative_to(studio) for path in held if path.is_relative_to(web))
    assert ((ROOT / studio / "index.html").exists()) is (studio / "index.html" in held)


def test_its_command_works_away_from_the_repository(program: Path, database: str, tmp_path: Path) -> None:
    def said(*words: str | Path) -> str:
        environment = {"PATH": os.environ["PATH"], "DATABASE_URL": database}
        done = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert said(program, "--help").startswith("Usage: darkroom COMMAND\n")
    words = ("--name", "a blog", "--right", "read", "write", "--business", "7")
    key = said(program, "keys", "make", *words).split()[0]
    assert f"{key.split('_')[1]}  a blog  7           read,write" in said(program, "keys", "list")
    python = program.with_name("python")
    assert not Path(said(python, "-c", "import gateway; print(gateway.__file__)")).is_relative_to(ROOT)
    said(python, "-c", "from shared.catalog.catalogue import load; load()")


def test_its_help_has_colours_in_a_terminal(program: Path, tmp_path: Path) -> None:
    ours, terminal = pty.openpty()
    environment = {"PATH": os.environ["PATH"], "TERM": "xterm-256color"}
    subprocess.run([program, "--help"], cwd=tmp_path, env=environment, check=True, stdout=terminal)
    os.close(terminal)
    assert b"\x1b[" in os.read(ours, 65536)
    os.close(ours)
