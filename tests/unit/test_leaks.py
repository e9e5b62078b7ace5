"""The search for secrets in logs finds each kind, and takes nothing harmless for one."""

from pathlib import Path

import pytest

from tests.leaks import SECRETS, found

LINES = {
    "an API key": f"key=dk_abcdefghij_{'A' * 43}",
    "a token": "got eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.x",
    "credentials": '{"headers":{"Authorization":"Basic eDp5"}}',
    "a vendor's key": "cloudinary://sandbox-key:sandbox-secret",
    "a password in an address": "postgresql://me:word@host/db",
    "the secret between the services": "X-Darkroom-Caller: x".lower(),
    "a signed address": "https://res/image/upload/s--AbCd1234--/x.jpg",
    "a prompt": '{"prompt":"a slow fox"}',
}


@pytest.mark.parametrize("name", SECRETS)
def test_each_kind_of_secret_is_found(name: str, tmp_path: Path) -> None:
    log = tmp_path / "gateway.log"
    log.write_text(f"before\n{LINES[name]}\n")
    said = list(found(tmp_path))
    log.unlink()  # Or it would be found once more, at the end of all tests.
    assert any(f" has {name}: " in line for line in said)


def test_what_is_harmless_is_not_found(tmp_path: Path) -> None:
    (tmp_path / "gateway.log").write_text('{"event":"job.accepted","route":"/a/{id}","caller":"abcdefghij"}\n')
    assert not list(found(tmp_path))
