"""Where business time comes from: a clock is passed in, never read from the machine."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol


class Clock(Protocol):
    """Tells the present instant (当前时刻)."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        ...


class SystemClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC, to the microsecond."""
        return datetime.now(UTC)


class FileClock:
    """A clock that a file tells (文件时钟), so that all processes of a replay live in the same simulated time."""

    def __init__(self, path: Path) -> None:
        """`path` holds one instant in ISO 8601 with its zone; whoever sets it replaces the file whole."""
        self._path = path

    def now(self) -> datetime:
        """The instant that the file tells, in UTC. Raises OSError, ValueError."""
        return datetime.fromisoformat(self._path.read_text("ascii").strip()).astimezone(UTC)

    def set(self, at: datetime) -> None:
        """Have the file tell `at`."""
        partial = self._path.with_suffix(".new")
        partial.write_text(at.isoformat(), "ascii")
        partial.replace(self._path)


class FixedClock:
    """A clock that stands still until told to move; for tests, replays and demonstrations."""

    def __init__(self, at: datetime) -> None:
        """Stand at `at`, in any time zone. Raises ValueError when `at` has none."""
        if at.utcoffset() is None:
            raise ValueError("a clock needs an instant with a time zone")
        self._at = at.astimezone(UTC)

    def now(self) -> datetime:
        """The instant at which it stands, in UTC."""
        return self._at

    def advance(self, step: timedelta) -> datetime:
        """Move by `step` (backwards when negative) and tell the new instant."""
        self._at += step
        return self._at
