"""Group commit (成组提交): what many requests bring is one transaction; each is answered after it.

While one batch commits in a thread of its own, the next collects in the event loop.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
import psycopg

from shanzhi.city.people.queries import senders
from shanzhi.core.kit.clock import Clock
from shanzhi.core.kit.errors import InvalidInput, ShanzhiError
from shanzhi.core.kit.outcomes import INVALID, Outcome
from shanzhi.edge.intake.kinds import Kind

GATHER_SECONDS = 0.004
MOST_ITEMS = 2000  # of a batch
MOST_WAITING = 20_000  # items; beyond it requests are sent away
log = logging.getLogger("shanzhi.intake")


class Away(Exception):
    """The database cannot be reached, or too many wait: nothing of the request was answered as stored."""


class Stranger(Exception):
    """Nobody whom we know sent it."""


@dataclass(eq=False, slots=True)
class Request:
    """Items of one kind from one sender, known by a phone's hashed token or by account; `done` is its answer.

    The items are read; one that could not be read is the error that says why.
    """

    kind: Kind
    items: Sequence[Any]
    token_hash: bytes | None
    account_id: UUID | None
    done: "asyncio.Future[list[Outcome]]"


class _Entry(msgspec.Struct, gc=False):
    """A submission on its way; its outcome goes to `place` of its request's."""

    submission: Any
    outcomes: list[Outcome | None]
    place: int


class Store:
    """The one connection of this process. It is used by one thread at a time."""

    def __init__(self, connect: Callable[[], Any], clock: Callable[[], Clock]) -> None:
        self.connect = connect
        self.clock = clock
        self.connection: Any = None

    def commit(self, requests: Sequence[Request]) -> list[list[Outcome] | Exception]:
        """Store all items of the requests durably; for each request its outcomes, or why it has none.

        After a failure that is not the server's absence: once more, item by item, then request by request.
        """
        try:
            try:
                return self._commit(requests)
            except Exception as error:
                if _is_away(error):
                    raise
                log.warning("%d requests failed together: %s", len(requests), type(error).__name__)
                return self._commit_apart(requests)
        except psycopg.Error as error:
            log.warning("nothing stored of %d requests: %s", len(requests), type(error).__name__)
            self.close()
            return [Away() for _ in requests]

    def _commit_apart(self, requests: Sequence[Request]) -> list[list[Outcome] | Exception]:
        try:
            return self._commit(requests, carefully=True)
        except Exception as error:
            if _is_away(error):
                raise
            if len(requests) == 1:
                log.exception("a request could not be stored")
                return [Away()]
            middle = len(requests) // 2
            return self._commit_apart(requests[:middle]) + self._commit_apart(requests[middle:])

    def close(self) -> None:
        """Let go of the connection; the next commit makes a new one."""
        connection, self.connection = self.connection, None
        if connection is not None:
            connection.close()

    def _commit(
        self, requests: Sequence[Request], *, carefully: bool = False
    ) -> list[list[Outcome] | Exception]:
        if self.connection is None or self.connection.closed:
            self.connection = self.connect()
        with self.connection.transaction(), self.connection.cursor() as cursor:
            devices, active = senders(
                cursor,
                list({one.token_hash for one in requests if one.token_hash}),
                list({one.account_id for one in requests if one.account_id}),
            )
            known = [_sender(one, devices, active) for one in requests]
            lists: list[list[Outcome | None]] = [[None] * len(one.items) for one in requests]
            waiting: dict[Kind, list[_Entry]] = {}
            for one, account_id, outcomes in zip(requests, known, lists, strict=True):
                if account_id is not None:
                    _prepare(one, account_id, outcomes, waiting.setdefault(one.kind, []))
            take = self._take_apart if carefully else self._take
            for kind in sorted(waiting, key=lambda one: one.path):
                take(cursor, kind, waiting[kind])
        return [
            Stranger() if account_id is None else _answer(outcomes)
            for account_id, outcomes in zip(known, lists, strict=True)
        ]

    def _take(self, cursor: Any, kind: Kind, entries: Sequence[_Entry]) -> None:
        found = kind.take(cursor, [entry.submission for entry in entries], self.clock().now())
        for entry, outcome in zip(entries, found, strict=True):
            entry.outcomes[entry.place] = outcome

    def _take_apart(self, cursor: Any, kind: Kind, entries: Sequence[_Entry]) -> None:
        """All, else halves, and halves of halves, until what cannot be stored stands alone."""
        if len(entries) == 1:
            self._take_alone(cursor, kind, entries[0])
            return
        try:
            with self.connection.transaction():
                self._take(cursor, kind, entries)
        except psycopg.OperationalError:
            raise
        except Exception:
            middle = len(entries) // 2
            self._take_apart(cursor, kind, entries[:middle])
            self._take_apart(cursor, kind, entries[middle:])

    def _take_alone(self, cursor: Any, kind: Kind, entry: _Entry) -> None:
        try:
            with self.connection.transaction():
                self._take(cursor, kind, [entry])
        except psycopg.OperationalError:
            raise
        except psycopg.errors.UniqueViolation:
            # Somebody else was first, just now: its request is sent away, and finds it when it comes again.
            log.warning("an item was stored by somebody else at the same time")
        except (psycopg.DataError, psycopg.IntegrityError, ValueError):
            entry.outcomes[entry.place] = Outcome(INVALID, _cannot_be_stored())
        except Exception:
            # Not the item's fault: its request is sent away and comes again.
            log.exception("an item could not be stored")


def _is_away(error: Exception) -> bool:
    """Whether the server is at fault, and not what was sent or who came at the same time."""
    meanwhile = psycopg.errors.DeadlockDetected | psycopg.errors.SerializationFailure
    away = psycopg.OperationalError | psycopg.InterfaceError
    return isinstance(error, away) and not isinstance(error, meanwhile)


def _cannot_be_stored() -> ShanzhiError:
    return InvalidInput(reason_zh="内容无法保存。", reason_en="It cannot be stored as it is.")


def _sender(request: Request, devices: dict[bytes, UUID], active: set[UUID]) -> UUID | None:
    if request.token_hash is not None:
        return devices.get(request.token_hash)
    return request.account_id if request.account_id in active else None


def _prepare(
    request: Request, account_id: UUID, outcomes: list[Outcome | None], waiting: list[_Entry]
) -> None:
    """What is to be stored of a request goes to `waiting`; the rest has its outcome."""
    prepare = request.kind.prepare
    for n, item in enumerate(request.items):
        try:
            if isinstance(item, ShanzhiError):
                raise item
            waiting.append(_Entry(prepare(account_id, item), outcomes, n))
        except ShanzhiError as error:
            outcomes[n] = Outcome(INVALID, error)


def _answer(outcomes: Sequence[Outcome | None]) -> list[Outcome] | Exception:
    found = [one for one in outcomes if one is not None]
    return found if len(found) == len(outcomes) else Away()


class Batcher:
    """Requests that wait for the next commit."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.waiting: list[Request] = []
        self.items = 0
        self.wake = asyncio.Event()
        self.thread = ThreadPoolExecutor(1, "intake")
        self.runner: asyncio.Task[None] | None = None

    async def submit(
        self, kind: Kind, items: Sequence[Any], token_hash: bytes | None, account_id: UUID | None
    ) -> list[Outcome]:
        """Wait until the items are durable; their outcomes in order. Raises Away, Stranger."""
        if self.items + len(items) > MOST_WAITING:
            raise Away
        if self.runner is None or self.runner.done():
            self.runner = asyncio.get_running_loop().create_task(self._run())
        done: asyncio.Future[list[Outcome]] = asyncio.get_running_loop().create_future()
        self.waiting.append(Request(kind, items, token_hash, account_id, done))
        self.items += len(items)
        self.wake.set()
        return await done

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self.wake.wait()
            await asyncio.sleep(GATHER_SECONDS)
            batch = self._next()
            try:
                answers = await loop.run_in_executor(self.thread, self.store.commit, batch)
            except Exception:
                log.exception("a batch failed")
                answers = [Away() for _ in batch]
            for request, answer in zip(batch, answers, strict=True):
                self.items -= len(request.items)
                if request.done.done():  # whoever asked has gone
                    continue
                if isinstance(answer, Exception):
                    request.done.set_exception(type(answer)())
                else:
                    request.done.set_result(answer)

    def _next(self) -> list[Request]:
        count = size = 0
        for request in self.waiting:
            if count and size + len(request.items) > MOST_ITEMS:
                break
            count, size = count + 1, size + len(request.items)
        batch, self.waiting = self.waiting[:count], self.waiting[count:]
        if not self.waiting:
            self.wake.clear()
        return batch

    async def close(self) -> None:
        """Finish what waits, then end."""
        while self.items and self.runner is not None and not self.runner.done():
            await asyncio.sleep(GATHER_SECONDS)
        if self.runner is not None:
            self.runner.cancel()
        self.store.close()
        self.thread.shutdown(wait=False)
