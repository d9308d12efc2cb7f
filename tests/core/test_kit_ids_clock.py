"""Ids sort by their making; clocks tell what they are told."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from uuid import RFC_4122, UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shanzhi.core.kit import ids
from shanzhi.core.kit.clock import Clock, FileClock, FixedClock, SystemClock
from shanzhi.core.kit.ids import uuid7


def test_has_the_layout_of_rfc_9562(monkeypatch: pytest.MonkeyPatch) -> None:
    # The instant of the standard's own example: 2022-02-22 14:22:22 at five hours west.
    monkeypatch.setattr(ids, "_maker", ids._Maker())
    monkeypatch.setattr(time, "time_ns", lambda: 0x017F22E279B0 * 1_000_000)
    made = uuid7()
    assert str(made)[:15] == "017f22e2-79b0-7"
    assert made.version == 7
    assert made.variant == RFC_4122
    assert made == UUID(str(made))
    assert hash(made) == hash(UUID(str(made)))
    assert repr(made) == f"UUID('{made}')"


def test_carries_the_time() -> None:
    before = time.time_ns() // 1_000_000
    made = uuid7().int >> 80
    # Earlier tests may have driven the process ahead by an overflow, never by more than a moment.
    assert before <= made <= time.time_ns() // 1_000_000 + 1


def test_grows_strictly() -> None:
    made = [uuid7() for _ in range(20_000)]
    assert made == sorted(made)
    assert len(set(made)) == 20_000


def test_grows_when_the_clock_is_set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ids, "_maker", ids._Maker())
    times = iter([5_000_000_000, 4_000_000_000, 1_000_000, 5_001_000_000])
    monkeypatch.setattr(time, "time_ns", lambda: next(times))
    made = [uuid7() for _ in range(4)]
    assert made == sorted(made)
    assert [one.int >> 80 for one in made] == [5000, 5000, 5000, 5001]


def test_an_overflow_carries_into_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    maker = ids._Maker()
    maker.last = (7 << 74) + (1 << 74) - 1
    monkeypatch.setattr(ids, "_maker", maker)
    monkeypatch.setattr(time, "time_ns", lambda: 7_000_000)
    made = uuid7()
    assert made.int >> 80 == 8
    assert (made.version, made.variant) == (7, RFC_4122)


def test_refuses_a_time_that_does_not_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ids, "_maker", ids._Maker())
    monkeypatch.setattr(time, "time_ns", lambda: (1 << 48) * 1_000_000)
    with pytest.raises(OverflowError):
        uuid7()


def test_never_gives_one_twice_to_threads() -> None:
    def some(_: int) -> list[UUID]:
        return [uuid7() for _ in range(2_000)]

    with ThreadPoolExecutor(8) as pool:
        runs = list(pool.map(some, range(16)))
    assert all(run == sorted(run) for run in runs)
    assert len({one for run in runs for one in run}) == 32_000


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_draws_its_own_randomness() -> None:
    uuid7()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:  # pragma: no cover
        os.write(writer, f"{ids._maker.pool == b''}".encode())
        os._exit(0)
    os.close(writer)
    told = os.read(reader, 16)
    os.close(reader)
    os.waitpid(child, 0)
    assert told == b"True"
    assert ids._maker.pool != b""


def test_the_system_clock_is_aware_and_in_utc() -> None:
    clock: Clock = SystemClock()
    before = datetime.now(UTC)
    now = clock.now()
    assert before <= now <= datetime.now(UTC)
    assert now.tzinfo is UTC


def test_a_fixed_clock_stands_until_moved() -> None:
    clock = FixedClock(datetime(2024, 2, 9, 17, 30, tzinfo=timezone(timedelta(hours=8))))
    assert clock.now() == datetime(2024, 2, 9, 9, 30, tzinfo=UTC)
    assert clock.now().tzinfo is UTC
    assert clock.advance(timedelta(hours=1)) == datetime(2024, 2, 9, 10, 30, tzinfo=UTC)
    assert clock.now() == datetime(2024, 2, 9, 10, 30, tzinfo=UTC)


def test_a_fixed_clock_needs_a_time_zone() -> None:
    with pytest.raises(ValueError, match="time zone"):
        FixedClock(datetime(2024, 2, 9))


@given(st.timedeltas(min_value=timedelta(days=-900), max_value=timedelta(days=900)))
def test_a_fixed_clock_moves_by_exactly_the_step(step: timedelta) -> None:
    clock = FixedClock(datetime(2024, 1, 1, tzinfo=UTC))
    clock.advance(step)
    assert clock.now() - datetime(2024, 1, 1, tzinfo=UTC) == step


def test_a_file_tells_the_time(tmp_path: Path) -> None:
    first, second = FileClock(tmp_path / "clock"), FileClock(tmp_path / "clock")
    at = datetime(2011, 7, 1, 9, 30, tzinfo=timezone(timedelta(hours=-4)))
    first.set(at)
    assert second.now() == at and second.now().tzinfo is UTC
    first.set(at + timedelta(days=1))
    assert second.now() == at + timedelta(days=1)
    (tmp_path / "clock").write_text("noon", "ascii")
    with pytest.raises(ValueError):
        second.now()
