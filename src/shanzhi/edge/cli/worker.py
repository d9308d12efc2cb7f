"""The worker (后台进程): relay, sealer, clock loop and jobs, each in a thread."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable

log = logging.getLogger("shanzhi.worker")


def run_jobs(stop: threading.Event) -> None:
    """Do the jobs (coarse and nightly work) until `stop`."""
    from procrastinate.contrib.django import app

    async def work() -> None:
        async with app.with_connector(app.connector.get_worker_connector()).open_async() as worker:
            doing = asyncio.ensure_future(
                worker.run_worker_async(install_signal_handlers=False, shutdown_graceful_timeout=3)
            )
            while not stop.is_set() and not doing.done():
                await asyncio.wait({doing}, timeout=0.5)
            if doing.done():
                doing.result()
            doing.cancel()
            await asyncio.wait({doing}, timeout=5)

    asyncio.run(work())


def run(stop: threading.Event) -> int:
    """Run the loops until `stop`; 1 when one of them failed (the supervisor then starts a fresh worker)."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shanzhi.edge.settings")
    import django

    django.setup()
    from shanzhi.base.audit import sealer
    from shanzhi.base.clocks import loop
    from shanzhi.base.outbox import relay
    from shanzhi.core.kit.clock import SystemClock
    from shanzhi.work.cases.actions import wake_suspended

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

    threads = [
        guarded("relay", lambda: relay.run(stop)),
        guarded("sealer", lambda: sealer.run(stop)),
        guarded("jobs", lambda: run_jobs(stop)),
        guarded("clocks", lambda: loop.run(stop, SystemClock(), [wake_suspended])),
    ]
    stop.wait()
    for thread in threads:
        thread.join(timeout=5)
    return 1 if failed.is_set() else 0


def main() -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    return run(stop)


if __name__ == "__main__":
    sys.exit(main())
