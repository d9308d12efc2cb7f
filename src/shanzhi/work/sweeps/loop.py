"""The loop of sweeps (敲门循环): turns that open, lists when people change, cases of who needs help, ends."""

import logging
import threading

from django.db import connection
from django.db.utils import InterfaceError, OperationalError

from shanzhi.core.kit.clock import Clock
from shanzhi.work.sweeps import actions, following, sharing, turns

POLL_SECONDS = 2.0

log = logging.getLogger("shanzhi.sweeps")


def step(clock: Clock) -> None:
    """Do what is due now."""
    at = clock.now()
    actions.end_due(at)
    turns.open_due(at)
    sharing.share_all(at)
    following.make_cases(at)


def run(stop: threading.Event, clock: Clock) -> None:
    """Work until `stop`; after a broken connection, connect again."""
    while not stop.is_set():
        try:
            step(clock)
            stop.wait(POLL_SECONDS)
        except (OperationalError, InterfaceError) as error:
            log.warning("sweeps lost their connection: %s", type(error).__name__)
            connection.close()
            stop.wait(0.5)
    connection.close()
