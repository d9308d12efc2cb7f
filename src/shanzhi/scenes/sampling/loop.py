"""The loop of sampling (采样循环): boards every two seconds."""

import logging
import threading
import time

from django.db import connection
from django.db.utils import InterfaceError, OperationalError

from shanzhi.core.kit.clock import Clock
from shanzhi.scenes.sampling import rollup

log = logging.getLogger("shanzhi.sampling")


def run(stop: threading.Event, clock: Clock) -> None:
    """Work until `stop`; after a broken connection, connect again."""
    while not stop.is_set():
        try:
            begun = time.monotonic()
            rollup.roll_up(clock.now())
            # A roll-up of a whole city takes its time: at most half of it goes there.
            stop.wait(max(rollup.EVERY_SECONDS, time.monotonic() - begun))
        except (OperationalError, InterfaceError) as error:
            log.warning("the loop of sampling lost its connection: %s", type(error).__name__)
            connection.close()
            stop.wait(0.5)
    connection.close()
