"""How often somebody without an account may knock: a count per address and minute, in the process's memory.

It stops a single source from filling the desks; it is no defence against many sources, which a city's gateway is
for. Addresses are held for a minute, hashed, and never written.
"""

import hashlib
import threading
import time
from collections import OrderedDict

from shanzhi.core.kit.errors import TooManyAttempts

WINDOW_SECONDS = 60
MOST_ADDRESSES = 50_000


class Rates:
    """Counts of the present minute."""

    def __init__(self) -> None:
        self._counts: OrderedDict[tuple[str, bytes], int] = OrderedDict()
        self._window = 0
        self._lock = threading.Lock()

    def check(self, door: str, address: str, most: int) -> None:
        """Count one knock. Raises TooManyAttempts after `most` in one minute."""
        window = int(time.monotonic() // WINDOW_SECONDS)
        key = (door, hashlib.blake2b(address.encode(), digest_size=8).digest())
        with self._lock:
            if window != self._window:
                self._counts.clear()
                self._window = window
            count = self._counts.pop(key, 0) + 1
            self._counts[key] = count
            if len(self._counts) > MOST_ADDRESSES:
                self._counts.popitem(last=False)
        if count > most:
            raise TooManyAttempts(minutes=1)


RATES = Rates()
