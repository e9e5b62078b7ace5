"""The space that files take while they come in and are looked at: bounded, and of one key or business a share."""

from collections.abc import Iterator
from contextlib import contextmanager

from shared.domain.errors import RateLimited, Unavailable
from shared.http.shares import ShareCount, ShareKey, part
from shared.settings import UploadSettings


class Space:
    """One per process."""

    def __init__(self, settings: UploadSettings) -> None:
        self._held = ShareCount()
        self._most = settings.temp_bytes
        self._share = part(settings.share, settings.temp_bytes)

    @contextmanager
    def account(self, who: ShareKey) -> Iterator["Account"]:
        """For one file; what it took is given back with the block."""
        account = Account(self, who)
        try:
            yield account
        finally:
            self._held.add(who, -account.taken)

    def take(self, who: ShareKey, amount: int) -> None:
        """Raises RateLimited, or Unavailable where all is taken."""
        if self._held.most_of(who) + amount > self._share:
            detail = f"The files of this key or business that are coming in have more than {self._share} bytes"
            raise RateLimited(f"{detail}; nothing was kept", retry_after=5)
        if self._held.all + amount > self._most:
            raise Unavailable("Too many files are coming in; nothing was kept", retry_after=5)
        self._held.add(who, amount)


class Account:
    """What one file takes."""

    def __init__(self, space: Space, who: ShareKey) -> None:
        self.taken = 0
        self._space = space
        self._who = who

    def take(self, amount: int) -> None:
        """So many bytes more. Raises what the space does."""
        self._space.take(self._who, amount)
        self.taken += amount
