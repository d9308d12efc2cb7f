"""The worker (后台进程): relay, sealer, clocks, jobs, messages, orders, sweeps, each loop in a thread."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any

from shanzhi.edge.cli.ready import make_ready

log = logging.getLogger("shanzhi.worker")


def _then_disconnect(job: Callable[[], Any], *_: object) -> Any:
    """A job runs in any thread of a pool: its connection ends with it, and the next one finds a server that lives."""
    from django.db import connections

    try:
        return job()
    finally:
        connections.close_all()


def run_jobs(stop: threading.Event) -> None:
    """Do the jobs (coarse and nightly work) until `stop`."""
    from asgiref.sync import sync_to_async
    from django.db import connections
    from procrastinate.contrib.django import app

    async def work() -> None:
        async with app.with_connector(app.connector.get_worker_connector()).open_async() as worker:
            doing = asyncio.ensure_future(
                worker.run_worker_async(
                    install_signal_handlers=False,
                    shutdown_graceful_timeout=3,
                    task_middleware=[_then_disconnect],
                )
            )
            while not stop.is_set() and not doing.done():
                await asyncio.wait({doing}, timeout=0.5)
            if doing.done():
                doing.result()
            doing.cancel()
            await asyncio.wait({doing}, timeout=5)
        await sync_to_async(connections.close_all)()  # the one by which periodic jobs are deferred

    asyncio.run(work())


LOOPS = (
    "relay", "sealer", "jobs", "clocks", "messages", "folding", "orders", "visits", "sweeps", "sampling",
)  # fmt: skip


def run(stop: threading.Event, only: Sequence[str] = LOOPS) -> int:
    """Run the loops until `stop`; 1 when one of them failed (the supervisor then starts a fresh worker).

    A replay, which has a clock of its own, runs `only` some of them.
    """
    make_ready()
    from shanzhi.base.audit import sealer
    from shanzhi.base.clocks import loop
    from shanzhi.base.messaging import sender
    from shanzhi.base.outbox import relay
    from shanzhi.city.modes.actions import end_overdue
    from shanzhi.core.kit.clock import SystemClock
    from shanzhi.edge.exchange.channels.configuration import configure
    from shanzhi.scenes.isolation.climbing import climb
    from shanzhi.scenes.sampling import loop as sampling
    from shanzhi.work.cases.actions import wake_suspended
    from shanzhi.work.orders import folding
    from shanzhi.work.orders import loop as orders
    from shanzhi.work.rosters.actions import warn_late
    from shanzhi.work.sweeps import folding as visits
    from shanzhi.work.sweeps import loop as sweeps

    # Before any thread: a rung of the ladder asks which channels there are.
    lines, errors = configure(SystemClock())
    for line in lines:
        log.info("channel %s", line)
    for error in errors:
        log.error("%s", error.sentence("en"))
    failed = threading.Event()

    def guarded(name: str, work: Callable[[], object]) -> threading.Thread:
        def body() -> None:
            try:
                work()
            except Exception:
                log.exception("%s stopped", name)
                failed.set()
                stop.set()

        thread = threading.Thread(target=body, name=name, daemon=True)
        thread.start()
        return thread

    works: dict[str, Callable[[], object]] = {
        "relay": lambda: relay.run(stop),
        "sealer": lambda: sealer.run(stop),
        "jobs": lambda: run_jobs(stop),
        "clocks": lambda: loop.run(stop, SystemClock(), [wake_suspended, end_overdue, warn_late, climb]),
        "messages": lambda: sender.run(stop, SystemClock()),
        "folding": lambda: folding.run(stop, SystemClock()),
        "orders": lambda: orders.run(stop, SystemClock()),
        "visits": lambda: visits.run(stop, SystemClock()),
        "sweeps": lambda: sweeps.run(stop, SystemClock()),
        "sampling": lambda: sampling.run(stop, SystemClock()),
    }
    threads = [guarded(name, works[name]) for name in only]
    stop.wait()
    for thread in threads:
        thread.join(timeout=5)
    return 1 if failed.is_set() else 0


def _compile_ahead() -> None:
    """Have the kernels of planning compiled before they are needed, beside all else and behind it."""
    subprocess.Popen(
        [sys.executable, "-m", "shanzhi.core.planning.warm"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=lambda: os.nice(15),
    )  # fmt: skip


def main(only: Sequence[str] = LOOPS) -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    _compile_ahead()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    return run(stop, only)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or LOOPS))
