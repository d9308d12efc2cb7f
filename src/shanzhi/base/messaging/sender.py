"""The sender (发送): one thread a channel, one sender of a channel at a time in all processes.

An advisory lock of the session keeps it so, and goes with the session when the process is killed; what a killed
sender had taken is taken again when its lease has run out.
"""

import logging
import threading
import zlib
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import connection
from django.db.utils import InterfaceError, OperationalError

from shanzhi.base.messaging import actions, queries
from shanzhi.base.messaging.channels import Channel, Letter, Outcome, registered
from shanzhi.core.kit.clock import Clock

LOCK = 0x6D657373  # "mess"
POLL_SECONDS = 0.2
SETTLE_SECONDS = 1.0
ASK_HOURS = 48  # how long a provider is asked for a receipt

log = logging.getLogger("shanzhi.messaging")


class Desk:
    """The work of one channel; `step` is one round of it."""

    def __init__(self, channel: Channel, clock: Clock) -> None:
        self.channel, self.clock = channel, clock
        self._collected: datetime | None = None
        self._settled: datetime | None = None

    def step(self) -> int:
        """Send what is due and take in what has come; how many letters were taken."""
        channel, now = self.channel, self.clock.now()
        letters = self._take(now) if queries.is_due(channel.code, now) else []
        wanted = queries.still_wanted(letters) if letters else set()
        if wanted:
            outcomes = self._send([letter for letter in letters if letter.id in wanted])
            actions.record(outcomes, self.clock.now())
        self._collect(bool(wanted))
        return len(letters)

    def _take(self, now: datetime) -> list[Letter]:
        channel = self.channel
        return actions.take(
            channel.code,
            channel.batch_size,
            now,
            rate=channel.rate_per_second,
            lease_seconds=channel.lease_seconds,
        )

    def _send(self, letters: list[Letter]) -> list[Outcome]:
        try:
            return list(self.channel.send(letters))
        except Exception as error:
            # Neither the letters nor the error's text: both may hold an address.
            log.error("channel %s broke off: %s", self.channel.code, type(error).__name__)
            return [Outcome(one, "unreachable", code="channel-error", retriable=True) for one in letters]

    def _collect(self, sent: bool) -> None:
        channel, now = self.channel, self.clock.now()
        if self._due(self._collected, now, channel.collect_every_seconds) or (sent and channel.asks):
            self._collected = now
            since = now - timedelta(hours=ASK_HOURS)
            waiting = queries.awaiting(channel.code, since) if channel.asks else []
            try:
                came = channel.collect(waiting)
            except Exception as error:
                log.error("channel %s cannot collect: %s", channel.code, type(error).__name__)
                return
            actions.receipts(channel.code, came.reports, now)
            actions.replies(channel.code, came.answers, now)
            came.acknowledge()
        if self._due(self._settled, now, SETTLE_SECONDS):
            self._settled = now
            actions.settle(channel.code, now)
            actions.give_up(channel.code, now)

    @staticmethod
    def _due(last: datetime | None, now: datetime, seconds: float) -> bool:
        return last is None or (now - last).total_seconds() >= seconds


def take_lock(code: str) -> bool:
    """Become the channel's sender, unless another session is."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [LOCK, _number(code)])
        return bool(cursor.fetchone()[0])


def release_lock(code: str) -> None:
    """Stop being the channel's sender."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [LOCK, _number(code)])


def _number(code: str) -> int:
    return zlib.crc32(code.encode()) - (1 << 31)


def run_channel(channel: Channel, stop: threading.Event, clock: Clock) -> None:
    """Send for one channel until `stop`; after a broken connection, connect again."""
    desk, holds = Desk(channel, clock), False
    while not stop.is_set():
        try:
            holds = holds or take_lock(channel.code)
            busy = holds and desk.step()
            if not busy:
                stop.wait(POLL_SECONDS if holds else 1.0)
        except (OperationalError, InterfaceError) as error:
            log.warning("sender of %s lost its connection: %s", channel.code, type(error).__name__)
            connection.close()
            holds = False
            stop.wait(0.5)
    channel.close()
    if holds:
        release_lock(channel.code)
    connection.close()


def run(stop: threading.Event, clock: Clock, channels: Iterable[Channel] | None = None) -> None:
    """Send for every registered channel until `stop`. Raises RuntimeError when one of the threads failed."""
    failed: list[str] = []
    quit = threading.Event()

    def body(channel: Channel) -> None:
        try:
            run_channel(channel, quit, clock)
        except Exception:
            log.exception("sender of %s stopped", channel.code)
            failed.append(channel.code)

    chosen = list(registered().values() if channels is None else channels)
    threads = [
        threading.Thread(target=body, args=(one,), name=f"send-{one.code}", daemon=True) for one in chosen
    ]
    for thread in threads:
        thread.start()
    while not stop.wait(0.2) and not failed:
        pass
    quit.set()
    for thread in threads:
        thread.join(timeout=5)
    if failed:
        raise RuntimeError(f"senders stopped: {', '.join(failed)}")
