"""What the channels here have in common."""

import time
from collections.abc import Sequence

from shanzhi.base.messaging.channels import Arrived, Letter, Outcome


class ConfiguredChannel:
    """Pace and size of a channel. A whole batch ends within its lease: what is not begun by `deadline` is left."""

    asks = False
    collect_every_seconds = 1.0

    def __init__(self, code: str, *, rate_per_second: float, batch_size: int, timeout_seconds: float) -> None:
        self.code, self.rate_per_second, self.batch_size = code, rate_per_second, batch_size
        self.lease_seconds = max(60.0, 6 * timeout_seconds)
        self._work_seconds = self.lease_seconds / 2

    def deadline(self) -> float:
        """When a batch that begins now starts no further call, on the monotonic clock."""
        return time.monotonic() + self._work_seconds

    def send(self, letters: Sequence[Letter]) -> list[Outcome]:
        """Carry the letters."""
        raise NotImplementedError

    def collect(self, waiting: Sequence[str]) -> Arrived:
        """Nothing comes in by itself."""
        return Arrived()

    def close(self) -> None:
        """Nothing to let go of."""


def left(letters: Sequence[Letter]) -> list[Outcome]:
    """The outcome of letters that were not begun in time."""
    return [Outcome(one, "unreachable", code="out-of-time", retriable=True) for one in letters]


def sentence(letter: Letter) -> str:
    """Text and link as one sentence, for channels that have no field for a link."""
    return f"{letter.text} {letter.link}".rstrip()
