"""What only root meets."""

import os
import shutil
from pathlib import Path

import pytest

from deploy.local.errors import StartError
from deploy.local.ports import free_port
from deploy.local.stores import Postgres
from tests.slow.needs import needs_root


def test_roots_postgres_leaves_a_closed_folder(tmp_path: Path) -> None:
    needs_root()
    place = tmp_path
    place.chmod(0o700)
    closed_umask = os.umask(0o077)
    try:
        Postgres(place / "postgres", free_port(), durable=False).prepare()
    finally:
        os.umask(closed_umask)

    home = (place / "postgres").resolve()
    assert (place / "postgres").is_symlink()
    assert home.parent in {Path("/var/lib"), Path("/var/tmp")}
    assert home.stat().st_uid != 0
    shutil.rmtree(home)
    with pytest.raises(StartError, match=r"is gone\. Remove .* to begin an empty one"):
        Postgres(place / "postgres", free_port()).prepare()
