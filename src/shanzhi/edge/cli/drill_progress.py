"""The progress of a drill (进度): a bar on a terminal, a line at each tenth elsewhere; beforehand, how long."""

from __future__ import annotations

import sys
import time
from types import TracebackType

from tqdm import tqdm

# Seconds on two cores: for a person and a minute of the ladder (the whole of Chengdu, 15 minutes: 381 s beside other
# work), and, roughly, for a door.
PERSON_MINUTE, DOOR = 0.00016, 0.0003
LONG_SECONDS = 60.0
PHASES = {"orders": "指令 orders", "doors": "到户 doors"}


def expected_seconds(people: int, minutes: int, doors: int) -> float:
    """Roughly how long a drill takes on a machine that is idle."""
    return people * minutes * PERSON_MINUTE + doors * DOOR


def announce(seconds: float) -> None:
    """Say so, where it is long."""
    if seconds > LONG_SECONDS:
        minutes = round(seconds / 60)
        print(
            f"空闲的机器上约需 {minutes} 分钟，按 Ctrl-C 可随时停止。"
            f" / about {minutes} min on an idle machine; Ctrl-C stops it.",
            flush=True,
        )


class Progress:
    """Simulated seconds of each phase, as they pass."""

    def __init__(self) -> None:
        self._bars: dict[str, tqdm] = {}
        self._tenths: dict[str, int] = {}
        self._begun = time.monotonic()

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        for bar in self._bars.values():
            bar.close()

    def tell(self, phase: str, done: int, whole: int) -> None:
        """`done` of `whole` simulated seconds of a phase have passed."""
        if not sys.stderr.isatty():
            self._line(phase, done, whole)
            return
        bar = self._bars.get(phase)
        if bar is None:
            bar = self._bars[phase] = tqdm(total=whole, unit=" 秒", desc=f"T+ {PHASES[phase]}")
        bar.update(max(0, done - bar.n))

    def _line(self, phase: str, done: int, whole: int) -> None:
        tenth = 10 * done // max(whole, 1)
        if tenth > self._tenths.get(phase, -1):
            self._tenths[phase] = tenth
            took = int(time.monotonic() - self._begun)
            print(
                f"T+ {PHASES[phase]}：{done:,} / {whole:,} 秒，已用 {took} 秒 / after {took} s",
                file=sys.stderr, flush=True,
            )  # fmt: skip
