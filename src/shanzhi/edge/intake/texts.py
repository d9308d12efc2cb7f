"""Texts of orders pulled by many phones at once (拉取全文): what comes within some milliseconds is one reading.

A connection of its own, so that no receipt waits for it; nothing is written, nothing is cached: whoever is no longer
somebody, or no recipient, reads nothing with the next batch.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg

from shanzhi.city.people.queries import senders
from shanzhi.edge.intake.batching import GATHER_SECONDS, MOST_WAITING, Away, Stranger
from shanzhi.work.orders import texts

MOST = 1000  # of a batch
log = logging.getLogger("shanzhi.intake")


@dataclass(eq=False, slots=True)
class Pull:
    """One phone that wants one order; `done` is its answer."""

    order_id: UUID
    token_hash: bytes | None
    account_id: UUID | None
    done: "asyncio.Future[list[dict[str, Any]]]"


class Reader:
    """Pulls that wait for the next reading."""

    def __init__(self, connect: Callable[[], Any]) -> None:
        self.connect = connect
        self.connection: Any = None
        self.waiting: list[Pull] = []
        self.wake = asyncio.Event()
        self.thread = ThreadPoolExecutor(1, "texts")
        self.runner: asyncio.Task[None] | None = None

    async def pull(
        self, order_id: UUID, token_hash: bytes | None, account_id: UUID | None
    ) -> list[dict[str, Any]]:
        """The order as this caller gets it; empty when they do not. Raises Away, Stranger."""
        if len(self.waiting) >= MOST_WAITING:
            raise Away
        loop = asyncio.get_running_loop()
        if self.runner is None or self.runner.done():
            self.runner = loop.create_task(self._run())
        done: asyncio.Future[list[dict[str, Any]]] = loop.create_future()
        self.waiting.append(Pull(order_id, token_hash, account_id, done))
        self.wake.set()
        return await done

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self.wake.wait()
            await asyncio.sleep(GATHER_SECONDS)
            batch, self.waiting = self.waiting[:MOST], self.waiting[MOST:]
            if not self.waiting:
                self.wake.clear()
            answers: Sequence[list[dict[str, Any]] | Exception]
            try:
                answers = await loop.run_in_executor(self.thread, self._read, batch)
            except Exception as error:
                log.warning("texts could not be read: %s", type(error).__name__)
                answers = [Away() for _ in batch]
            for one, answer in zip(batch, answers, strict=True):
                if one.done.done():  # whoever asked has gone
                    continue
                if isinstance(answer, Exception):
                    one.done.set_exception(type(answer)())
                else:
                    one.done.set_result(answer)

    def _read(self, batch: Sequence[Pull]) -> list[list[dict[str, Any]] | Exception]:
        try:
            if self.connection is None or self.connection.closed:
                self.connection = self.connect()
            with self.connection.transaction(), self.connection.cursor() as cursor:
                devices, active = senders(
                    cursor,
                    list({one.token_hash for one in batch if one.token_hash}),
                    list({one.account_id for one in batch if one.account_id}),
                )
                known = [
                    devices.get(one.token_hash) if one.token_hash is not None
                    else one.account_id if one.account_id in active else None
                    for one in batch
                ]  # fmt: skip
                wanted = [
                    (account, one.order_id) for account, one in zip(known, batch, strict=True) if account
                ]
                found = iter(texts.own(cursor, wanted))
                return [next(found) if account else Stranger() for account in known]
        except psycopg.Error:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the connection; the next reading makes a new one."""
        connection, self.connection = self.connection, None
        if connection is not None:
            connection.close()

    async def end(self) -> None:
        """Stop reading."""
        if self.runner is not None:
            self.runner.cancel()
        self.thread.shutdown(wait=True)
        self.close()
