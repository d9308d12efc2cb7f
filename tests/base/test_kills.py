"""Relay, clock loop and sealer killed at random points: nothing lost, nothing twice."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from shanzhi.base.access import SYSTEM
from shanzhi.base.audit import actions as audit
from shanzhi.base.audit import queries as seals
from shanzhi.base.audit.models import AuditEntry
from shanzhi.base.clocks import actions as clocks
from shanzhi.base.clocks.models import ClockEvent
from shanzhi.base.messaging import actions as messages
from shanzhi.base.messaging import queries as message_queries
from shanzhi.base.messaging.models import Message
from shanzhi.base.outbox import actions as outbox
from shanzhi.base.outbox.models import OutboxRow
from shanzhi.core.kit.ids import uuid7

pytestmark = [pytest.mark.long, pytest.mark.django_db(transaction=True)]
ROUNDS = 20
ROWS = 400

_RUN = """
import threading, django
from urllib.parse import quote
django.setup()
{imports}
{call}
"""
_LOOPS = {
    "relay": ("from shanzhi.base.outbox import relay", "relay.run(threading.Event())"),
    "sealer": ("from shanzhi.base.audit import sealer", "sealer.run(threading.Event())"),
    "clocks": (
        "from shanzhi.base.clocks import loop\nfrom shanzhi.core.kit.clock import SystemClock",
        "loop.BATCH = 40\nloop.run(threading.Event(), SystemClock())",
    ),
    "messages": (
        "from shanzhi.base.messaging import sender\nfrom shanzhi.core.kit.clock import SystemClock\n"
        "from shanzhi.edge.exchange.channels.sink import SinkChannel",
        "sink = SinkChannel(SystemClock(), rate_per_second=400)\nsink.batch_size, sink.lease_seconds = 20, 1.0\n"
        "sender.run(threading.Event(), SystemClock(), [sink])",
    ),
}


def _url() -> str:
    """The test database, for a process of its own."""
    database = connection.settings_dict
    url = os.environ["DATABASE_URL"]
    head, _, options = url.partition("?")
    return f"{head.rsplit('/', 1)[0]}/{database['NAME']}" + (f"?{options}" if options else "")


def kill_often(name: str, done: Callable[[], bool], more: Callable[[], None]) -> None:
    """Run the loop, kill it after a random moment, add work, again; at last let it finish."""
    imports, call = _LOOPS[name]
    chance = random.Random(11)
    environment = os.environ | {"DATABASE_URL": _url()}
    command = [sys.executable, "-c", _RUN.format(imports=imports, call=call)]
    for turn in range(ROUNDS + 1):
        process = subprocess.Popen(command, env=environment)
        if turn < ROUNDS:
            more()
            time.sleep(chance.uniform(0.6, 1.8))
        else:
            end = time.monotonic() + 60
            while not done() and time.monotonic() < end:
                time.sleep(0.1)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert done()


def test_the_relay(settings: Any) -> None:
    def more() -> None:
        for _ in range(ROWS):
            outbox.publish([outbox.News("510107", "cases", uuid7(), "x", {}, datetime.now(UTC))])

    kill_often("relay", lambda: not OutboxRow.objects.filter(number=None).exists(), more)
    numbers = list(OutboxRow.objects.order_by("number").values_list("number", flat=True))
    assert numbers == list(range(1, ROUNDS * ROWS + 1))


def test_the_clock_loop(settings: Any) -> None:
    def more() -> None:
        now = datetime.now(UTC)
        for index in range(ROWS):
            due = now + timedelta(milliseconds=index * 4)
            clocks.start([clocks.Turn("510107", uuid7(), "handle", now, due)])

    total = ROUNDS * ROWS
    kill_often("clocks", lambda: ClockEvent.objects.filter(verb="breach").count() >= total, more)
    breached = list(ClockEvent.objects.filter(verb="breach").values_list("clock_id", flat=True))
    assert (len(breached), len(set(breached))) == (total, total)
    told = list(OutboxRow.objects.filter(topic="clocks").values_list("subject_id", flat=True))
    assert (len(told), len(set(told))) == (total, total)


def test_the_sealer(settings: Any) -> None:
    settings.SHANZHI_SEAL_KEY = os.environ["SHANZHI_SEAL_KEY"] = "key of the kill test"

    def more() -> None:
        for index in range(ROWS):
            audit.record(actor=SYSTEM, event="x", subject=str(index), at=datetime.now(UTC))

    try:
        kill_often("sealer", lambda: seals.verify().unsealed == 0, more)
    finally:
        del os.environ["SHANZHI_SEAL_KEY"]
    found = seals.verify()
    assert (found.sealed, found.unsealed, found.problems) == (AuditEntry.objects.count(), 0, [])
    assert found.sealed == ROUNDS * ROWS


def test_the_sender(settings: Any) -> None:
    def more() -> None:
        now = datetime.now(UTC)
        messages.queue(
            [
                messages.Wanted(
                    "510107", "account", uuid7(), "sms", uuid7(), "order/kill", "order", "演练。", drill=True
                )
                for _ in range(ROWS)
            ],
            now,
        )

    total = ROUNDS * ROWS
    kill_often("messages", lambda: Message.objects.filter(state="delivered").count() >= total, more)
    [counts] = message_queries.counts("order/kill").values()
    assert (counts.total, counts.delivered) == (total, total)
