"""What is said about this machine, and what the kernel says about a process: its CPU time and its memory."""

import os
import platform
import subprocess
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

from tests.servers import children

_PACKAGES = ("uvicorn", "uvloop", "httptools", "fastapi", "asyncpg", "redis", "arq", "aiohttp", "openai", "httpx2")


def facts() -> dict[str, str]:
    """For the head of the table."""
    packages = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    return {
        "machine": f"{os.cpu_count()} cores, {_processor()}, {platform.system()} {platform.release()}",
        "python": f"{platform.python_version()}; {packages}",
    }


def load() -> str:
    """The load average of the last 1, 5 and 15 minutes; ours is in it."""
    return " ".join(f"{value:.1f}" for value in os.getloadavg())


def _processor() -> str:
    listed = Path("/proc/cpuinfo")
    lines = listed.read_text().splitlines() if listed.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def cpu_seconds(*pids: int) -> float:
    """Processor time these processes and their children have used so far."""
    return sum(_cpu(pid) for pid in _with_children(pids))


def memory_mib(pid: int) -> float:
    """What it holds in memory now, its children not counted."""
    return int(_asked_ps(pid, "rss")) / 1024


def _with_children(pids: Iterable[int]) -> list[int]:
    return [each for pid in pids for each in (pid, *children(pid))]


def _cpu(pid: int) -> float:
    stat = Path(f"/proc/{pid}/stat")
    if not stat.exists():
        return _clock(_asked_ps(pid, "time"))
    fields = stat.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _asked_ps(pid: int, what: str) -> str:
    return subprocess.run(["ps", "-o", f"{what}=", "-p", str(pid)], capture_output=True, text=True, check=True).stdout


def _clock(text: str) -> float:
    """`[[dd-]hh:]mm:ss[.cc]`."""
    days, _, rest = text.strip().rpartition("-")
    seconds = 0.0
    for part in rest.split(":"):
        seconds = seconds * 60 + float(part)
    return seconds + int(days or 0) * 86_400
