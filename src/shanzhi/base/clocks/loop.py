"""The clock loop (时钟循环): fires what is due, in sets, and survives being killed at any point."""

import logging
import threading

from django.db import connection
from django.db.utils import InterfaceError, OperationalError

from shanzhi.base.clocks.actions import fire_due
from shanzhi.core.kit.clock import Clock

POLL_SECONDS = 0.5
BATCH = 5000

log = logging.getLogger("shanzhi.clocks")


def run(stop: threading.Event, clock: Clock) -> None:
    """Fire until `stop`; after a broken connection, connect again."""
    while not stop.is_set():
        try:
            while fire_due(clock.now(), BATCH) and not stop.is_set():
                pass
            stop.wait(POLL_SECONDS)
        except (OperationalError, InterfaceError) as error:
            log.warning("clock loop lost its connection: %s", type(error).__name__)
            connection.close()
            stop.wait(0.5)
    connection.close()
