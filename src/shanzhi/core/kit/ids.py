"""Identifiers that sort by the time of their making (UUID version 7)."""

import os
import threading
import time
from uuid import UUID, SafeUUID

import numpy as np
from numpy.typing import NDArray

_RANDOM_BITS = 74  # 12 bits "rand_a" and 62 bits "rand_b" beside the 48-bit time
_SEED_BYTES = 9  # 72 bits: the two top bits stay clear, so that counting up has room
_STEP_BYTES = 4
_POOL_BYTES = 4096
_LOW_62 = (1 << 62) - 1
_LOW_12 = (1 << 12) - 1
_VERSION = 0x7 << 12
_VARIANT = 0b10 << 62
_LARGEST = (1 << 48 + _RANDOM_BITS) - 1


class _Maker:
    """The last value given out and a pool of random bytes, behind one lock."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.last = 0
        self.pool = b""
        self.used = 0

    def take(self, count: int) -> int:
        """`count` bytes from the operating system's random source, as a number."""
        end = self.used + count
        if end > len(self.pool):
            self.pool = os.urandom(_POOL_BYTES)
            self.used, end = 0, count
        value = int.from_bytes(self.pool[self.used : end], "big")
        self.used = end
        return value

    def next(self, milliseconds: int, room: int = 0) -> int:
        """Time and randomness as one 122-bit number, always above the last one; so many after it are taken too."""
        with self.lock:
            if milliseconds > self.last >> _RANDOM_BITS:
                self.last = milliseconds << _RANDOM_BITS | self.take(_SEED_BYTES)
            else:
                self.last += 1 + self.take(_STEP_BYTES)
            made = self.last
            self.last += room
            return made


_maker = _Maker()


def _forget() -> None:
    """A forked child must not go on with its parent's pool, nor with a lock that was held."""
    global _maker
    _maker = _Maker()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def uuid7() -> UUID:
    """Make a UUID version 7: 48 bits of Unix time in milliseconds, then 74 random bits.

    Within the process each is greater than the one before, whatever the thread and even when the
    machine's clock is set back: inside a millisecond the random part grows by a random step, and an
    overflow carries into the time. Source: RFC 9562, sections 5.7 and 6.2 (method 2).
    """
    value = _maker.next(time.time_ns() // 1_000_000)
    if value > _LARGEST:
        raise OverflowError("the clock is beyond the year 10889")
    number = value >> 62 & _LOW_12 | _VERSION
    made = UUID.__new__(UUID)  # the constructor checks what is known to be right, at thrice the cost
    object.__setattr__(made, "int", (value >> _RANDOM_BITS) << 80 | number << 64 | _VARIANT | value & _LOW_62)
    object.__setattr__(made, "is_safe", SafeUUID.unknown)
    return made


def uuid7_many(count: int) -> NDArray[np.bytes_]:
    """As many as wanted at once, ascending, as 16 bytes each (count,)."""
    if not count:
        return np.zeros(0, "S16")
    steps = np.frombuffer(os.urandom(_STEP_BYTES * count), np.uint32).astype(np.uint64) + np.uint64(1)
    after = np.cumsum(steps)
    first = _maker.next(time.time_ns() // 1_000_000, int(after[-1]))
    low = np.uint64(first & _LOW_62) + after  # below 2**63: the steps of a million add up to 2**52
    high = np.uint64(first >> 62) + (low >> np.uint64(62))
    made = np.empty((count, 2), ">u8")
    made[:, 0] = high >> np.uint64(12) << np.uint64(16) | np.uint64(_VERSION) | high & np.uint64(_LOW_12)
    made[:, 1] = np.uint64(_VARIANT) | low & np.uint64(_LOW_62)
    return np.frombuffer(made.tobytes(), "S16")
