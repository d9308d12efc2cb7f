"""The clock loop (时钟循环): fires what is due, in sets, and survives being killed at any point."""

import logging
import threading
from collections.abc import Callable, Sequence
from datetime import datetime

from django.db import connection
from django.db.utils import InterfaceError, OperationalError

from shanzhi.base.clocks.actions import fire_due
from shanzhi.core.kit.clock import Clock

POLL_SECONDS = 0.5
BATCH = 5000

log = logging.getLogger("shanzhi.clocks")


def run(stop: threading.Event, clock: Clock, also: Sequence[Callable[[datetime], int]] = ()) -> None:
    """Fire until `stop`; after a broken connection, connect again.

    `also` are other things that come due: each does a set of what is due at an instant and tells how many.
    """
    while not stop.is_set():
        try:
            for due in (lambda now: fire_due(now, BATCH), *also):
                while due(clock.now()) and not stop.is_set():
                    pass
            stop.wait(POLL_SECONDS)
        except (OperationalError, InterfaceError) as error:
            log.warning("clock loop lost its connection: %s", type(error).__name__)
            connection.close()
            stop.wait(0.5)
    connection.close()
