"""What must be in no log line of any process, whatever a test did: looked for once, when all tests have run."""

import re
from collections.abc import Iterator
from pathlib import Path

SECRETS = {
    "an API key": r"dk_[a-z2-7]{10}_[A-Za-z0-9_-]{43}",
    "a token": r"eyJ[A-Za-z0-9_-]{8,}\.eyJ",
    "credentials": r"(?i)authorization['\"]?\s*[:=]|bearer [a-z0-9]{8}",
    "a vendor's key": r"\bsk-[a-z]|sandbox-secret|api_secret",
    "a password in an address": r"\w+://[^\s/:@]*:[^\s/@]+@",
    "the secret between the services": r"x-darkroom-caller|between-the-gateway-and-the-services-only",
    "a signed address": r"/s--[A-Za-z0-9_-]{8}|signature=[0-9a-f]",
    "a prompt": r"\b(red|slow|quick start) fox\b",
}


def found(folder: Path) -> Iterator[str]:
    """Each log line below the folder that holds a secret, with what it holds; the sandbox's own logs left out."""
    for log in sorted(folder.rglob("*.log")):
        if "sandbox" in log.name:
            continue
        for line in log.read_text(errors="replace").splitlines():
            for name, pattern in SECRETS.items():
                if re.search(pattern, line):
                    yield f"{log.name} has {name}: {line[:300]}"
