"""Postgres servers that the slow tests need beside the plain one: a standby, and one whose disk is small."""

import shutil
import subprocess
from pathlib import Path

from deploy.local import housing
from deploy.local.ports import free_port
from deploy.local.stores import Postgres
from tests.servers import PostgresServer, _Server


class _Standby(Postgres):
    """A copy of a running server that follows it by streaming replication."""

    def __init__(self, folder: Path, port: int, primary: PostgresServer) -> None:
        super().__init__(folder, port, durable=False)
        self._primary = primary

    def _make_data(self) -> None:
        address, data = self._primary.url("postgres"), self._empty("data")
        self._run("pg_basebackup", "-d", address, "-D", str(data), "-R", "-X", "stream", "-c", "fast")

    def _make_role(self) -> None:
        """It came with the data."""
        for secret, url in (("secret", self._primary.url()), ("services-secret", self._primary.services_url())):
            housing.write_secret(self._home / secret, url.partition("//")[2].partition(":")[2].partition("@")[0])


class StandbyServer(PostgresServer):
    """Follows `primary` until it is promoted. Its own start time is long past by then."""

    def __init__(self, primary: PostgresServer) -> None:
        _Server.__init__(self, lambda folder: _Standby(folder, free_port(), primary))

    def promote(self) -> None:
        """It takes writes from now on."""
        self.execute("select pg_promote()")


class _OnASmallDisk(Postgres):
    """The data on a tmpfs of so many MiB, the log beside it, so that only the data's disk can be full."""

    def __init__(self, folder: Path, port: int, size: int) -> None:
        super().__init__(folder, port, durable=False)
        self._size = size

    def prepare(self) -> None:
        super().prepare()
        kept = self._home / "kept"
        self._data.rename(kept)
        self._data.mkdir(mode=0o700)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={self._size}m", "tmpfs", str(self._data)], check=True)
        shutil.copytree(kept, self._data, dirs_exist_ok=True, symlinks=True)
        log = self._home / "log_of_writes"
        shutil.move(self._data / "pg_wal", log)
        (self._data / "pg_wal").symlink_to(log)
        for folder in (self._data, log):
            housing.hand_over(folder, self._user)
        self._data.chmod(0o700)
        shutil.rmtree(kept)


class SmallDiskServer(PostgresServer):
    """A server whose data's disk can be filled."""

    def __init__(self, size: int) -> None:
        _Server.__init__(self, lambda folder: _OnASmallDisk(folder, free_port(), size))

    @property
    def _disk(self) -> Path:
        assert isinstance(self._store, _OnASmallDisk)
        return self._store._data

    def fill(self) -> None:
        """No byte is free from now on."""
        with (self._disk / "ballast").open("wb", buffering=0) as ballast:
            try:
                while True:
                    ballast.write(bytes(64 * 1024))
            except OSError:
                return

    def empty(self) -> None:
        """There is space again."""
        (self._disk / "ballast").unlink(missing_ok=True)

    def remove(self) -> None:
        """Stops it, takes the disk away and forgets the data."""
        self.stop()
        subprocess.run(["umount", str(self._disk)], check=True)
        super().remove()
