"""The loop of orders (指令循环): rungs that are due, messages nobody needs any more, counts by place."""

import logging
import threading
import time

from django.db import connection
from django.db.utils import InterfaceError, OperationalError

from shanzhi.core.kit.clock import Clock
from shanzhi.work.orders import checking, ladder, rollup

POLL_SECONDS = 0.5
CHECK_SECONDS = 60.0

log = logging.getLogger("shanzhi.orders")


def run(stop: threading.Event, clock: Clock) -> None:
    """Work until `stop`; after a broken connection, connect again. Every minute it puts right what is missing."""
    rolled = checked = 0.0
    while not stop.is_set():
        try:
            ladder.take_due(clock.now())
            ladder.tidy(clock.now())
            if time.monotonic() - rolled >= rollup.EVERY_SECONDS:
                begun = time.monotonic()
                rollup.roll_up(clock.now())
                # A roll-up of a whole city takes its time: at most half of it goes there.
                rolled = time.monotonic() + max(0.0, time.monotonic() - begun - rollup.EVERY_SECONDS)
            if time.monotonic() - checked >= CHECK_SECONDS:
                checked = time.monotonic()
                checking.check(clock.now())
            stop.wait(POLL_SECONDS)
        except (OperationalError, InterfaceError) as error:
            log.warning("the loop of orders lost its connection: %s", type(error).__name__)
            connection.close()
            stop.wait(0.5)
    connection.close()
