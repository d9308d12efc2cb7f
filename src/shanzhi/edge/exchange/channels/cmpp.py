"""SMS over CMPP 3.0 (中国移动短信网关): one long connection with a sliding window.

The layout of the bytes and where it is from are in `cmpp_frames`. The channel's sender drives the connection by
itself, without a thread: while it sends, and each time it collects, frames that came in are read and answered.
"""

import select
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from shanzhi.base.messaging.channels import Answer, Arrived, Letter, Outcome, Report
from shanzhi.core.kit.clock import Clock
from shanzhi.edge.exchange.channels import cmpp_frames as frames
from shanzhi.edge.exchange.channels.base import ConfiguredChannel, sentence

WINDOW = 16
IDLE_SECONDS = 180.0  # C of the document: ACTIVE_TEST after so long without traffic
TOO_FAST = 8
_ZONE = ZoneInfo("Asia/Shanghai")
# ACCEPTD is an intermediate state, which a gateway should not pass on.
_STATES = {"DELIVRD": "delivered", "ACCEPTD": ""}


class Lost(Exception):
    """The connection is gone, or was never there; `code` says why."""


@dataclass
class _Sending:
    """A letter whose parts are under way."""

    letter: Letter
    contents: list[bytes]
    ids: dict[int, str] = field(default_factory=dict)
    refused: int = 0
    begun: bool = False

    def outcome(self, lost: str) -> Outcome:
        if self.refused:
            again = self.refused == TOO_FAST
            return Outcome(self.letter, "refused", code=f"cmpp-{self.refused}", retriable=again)
        if len(self.ids) == len(self.contents):
            return Outcome(self.letter, "accepted", tuple(id for _, id in sorted(self.ids.items())))
        result = "timeout" if self.begun else "unreachable"
        return Outcome(self.letter, result, code=lost or "no-answer", retriable=True)


class CmppChannel(ConfiguredChannel):
    """One connection to a gateway; `signature` is put before every text in 【】, as operators demand."""

    collect_every_seconds = 0.2

    def __init__(
        self, code: str, *, host: str, port: int, secret: str, account: frames.Account, signature: str, clock: Clock,
        rate_per_second: float = 100.0, timeout_seconds: float = 10, window: int = WINDOW,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:  # fmt: skip
        batch = 4 * window
        super().__init__(
            code, rate_per_second=rate_per_second, batch_size=batch, timeout_seconds=timeout_seconds
        )
        self._host, self._port, self._secret, self._account = host, port, secret, account
        self._signature, self._clock, self._timeout = signature, clock, timeout_seconds
        self._window, self._idle = window, idle_seconds
        self._line: socket.socket | None = None
        self._buffer, self._sequence, self._reference = b"", 0, 0
        self._used = self._tested = 0.0
        self._answers: dict[int, bytes] = {}
        self._came: list[tuple[int, frames.Delivery]] = []

    def send(self, letters: Sequence[Letter]) -> list[Outcome]:
        """Submit every part, up to the window at a time. Refused with 8 (too fast) is tried again later; what has
        no answer when the line breaks or time is up may have been taken, and counts as timed out."""
        going = [_Sending(one, self._contents(one)) for one in letters]
        lost = ""
        try:
            self._connect()
            self._submit_all(going)
        except (Lost, OSError, frames.BadFrame) as error:
            lost = str(error) if isinstance(error, Lost) else type(error).__name__
            self._drop()
        return [one.outcome(lost) for one in going]

    def _contents(self, letter: Letter) -> list[bytes]:
        self._reference = self._reference % 255 + 1
        return frames.parts_of(f"【{self._signature}】{sentence(letter)}", self._reference)

    def _submit_all(self, going: Sequence[_Sending]) -> None:
        parts = iter([(one, number) for one in going for number in range(1, len(one.contents) + 1)])
        out: dict[int, tuple[_Sending, int]] = {}
        waiting, until, end = next(parts, None), time.monotonic() + self._timeout, self.deadline()
        while waiting or out:
            if time.monotonic() > end:
                raise Lost("out-of-time")
            if waiting and len(out) < self._window:
                one, number = waiting
                content = one.contents[number - 1]
                body = frames.submit(self._account, one.letter.address, content, number, len(one.contents))
                one.begun = True
                out[self._write(frames.SUBMIT, body)] = waiting
                waiting = next(parts, None)
                continue
            if not self._read(max(0.0, until - time.monotonic())):
                raise Lost("no-answer")
            for sequence in [known for known in out if known in self._answers]:
                one, number = out.pop(sequence)
                id, result = frames.submit_result(self._answers.pop(sequence))
                until = time.monotonic() + self._timeout
                if result:
                    one.refused = result
                else:
                    one.ids[number] = id

    def collect(self, waiting: Sequence[str]) -> Arrived:
        """Reports and texts that came in. They are answered to the gateway once they are committed here: what it
        has no answer for, it sends again."""
        try:
            self._connect()
            while self._read(0.0):
                pass
            self._keep_alive()
        except (Lost, OSError, frames.BadFrame):
            self._drop()
        came, now = list(self._came), self._clock.now()
        reports = [
            Report(one.about, state, now, "" if state == "delivered" else one.stat)
            for _, one in came
            if one.about and (state := _STATES.get(one.stat, "failed"))
        ]
        answers = [
            Answer(one.id.hex(), one.text, now, address=one.sender) for _, one in came if not one.about
        ]
        return Arrived(reports, answers, lambda: self._acknowledge(came))

    def _acknowledge(self, came: Sequence[tuple[int, frames.Delivery]]) -> None:
        try:
            for sequence, one in came:
                self._came.remove((sequence, one))
                if self._line is not None:
                    self._line.sendall(
                        frames.frame(frames.DELIVER_RESP, sequence, frames.delivery_answer(one.id))
                    )
        except OSError:
            self._drop()

    def _keep_alive(self) -> None:
        now = time.monotonic()
        if self._tested and now - self._tested > self._timeout:
            raise Lost("no-answer")
        if not self._tested and now - self._used > self._idle:
            self._write(frames.ACTIVE_TEST)
            self._tested = now

    def _connect(self) -> None:
        """Connect unless connected. Raises Lost, OSError."""
        if self._line is not None:
            return
        self._buffer, self._tested = b"", 0.0
        self._answers.clear()
        self._came.clear()  # unanswered: the gateway sends them again
        self._line = socket.create_connection((self._host, self._port), self._timeout)
        self._line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        stamp = int(self._clock.now().astimezone(_ZONE).strftime("%m%d%H%M%S"))
        sequence = self._write(frames.CONNECT, frames.connect(self._account.source, self._secret, stamp))
        until = time.monotonic() + self._timeout
        while sequence not in self._answers:
            if not self._read(max(0.0, until - time.monotonic())):
                raise Lost("no-answer")
        if status := frames.connect_status(self._answers.pop(sequence)):
            raise Lost(f"connect-{status}")

    def _write(self, command: int, body: bytes = b"") -> int:
        assert self._line is not None
        self._sequence = self._sequence % 0xFFFFFFFF + 1
        self._line.sendall(frames.frame(command, self._sequence, body))
        self._used = time.monotonic()
        return self._sequence

    def _read(self, wait_seconds: float) -> bool:
        """Take in one frame; False when none came in time. Raises Lost, OSError, BadFrame."""
        until = time.monotonic() + wait_seconds
        while True:
            if len(self._buffer) >= frames.HEADER.size:
                length, command, sequence = frames.HEADER.unpack(self._buffer[: frames.HEADER.size])
                if not frames.HEADER.size <= length <= frames.MOST_BYTES:
                    raise frames.BadFrame("a frame of impossible length")
                if len(self._buffer) >= length:
                    body, self._buffer = self._buffer[frames.HEADER.size : length], self._buffer[length:]
                    self._handle(command, sequence, body)
                    return True
            assert self._line is not None
            ready, _, _ = select.select([self._line], [], [], max(0.0, until - time.monotonic()))
            if not ready:
                return False
            more = self._line.recv(65536)
            if not more:
                raise Lost("closed")
            self._buffer += more

    def _handle(self, command: int, sequence: int, body: bytes) -> None:
        assert self._line is not None
        self._used, self._tested = time.monotonic(), 0.0
        if command in (frames.CONNECT_RESP, frames.SUBMIT_RESP):
            self._answers[sequence] = body
        elif command == frames.DELIVER:
            self._came.append((sequence, frames.delivery(body)))
        elif command == frames.ACTIVE_TEST:
            self._line.sendall(frames.frame(frames.ACTIVE_TEST_RESP, sequence, b"\0"))
        elif command == frames.TERMINATE:
            self._line.sendall(frames.frame(frames.TERMINATE_RESP, sequence))
            raise Lost("terminated")
        elif command not in (frames.ACTIVE_TEST_RESP, frames.TERMINATE_RESP):
            raise frames.BadFrame(f"command {command:08x}")

    def _drop(self) -> None:
        if self._line is not None:
            self._line.close()
        self._line = None

    def close(self) -> None:
        """Say goodbye and let go, without waiting for the answer."""
        try:
            if self._line is not None:
                self._write(frames.TERMINATE)
        except OSError:
            pass
        self._drop()
