"""Whether the store is away or only one of its objects cannot be destroyed, for rounds that destroy many."""

from shared.store import StoreDown, StoreError, StoreRefused

_IN_A_ROW = 3


class StoreFailures:
    """One per round: a sick object does not keep the others, a store that is away ends the round."""

    def __init__(self) -> None:
        self._in_a_row = 0

    def succeeded(self) -> None:
        """One was destroyed."""
        self._in_a_row = 0

    def failed(self, fault: StoreError) -> None:
        """Raises it where it is not about this object: a refused key, a spent quota, no answer three times in a row."""
        if isinstance(fault, StoreRefused):
            return
        self._in_a_row += 1
        if not isinstance(fault, StoreDown) or self._in_a_row == _IN_A_ROW:
            raise fault
