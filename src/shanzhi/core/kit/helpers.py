"""Work shared out to other processes (分担计算): plain functions of modules, over values that can be pickled.

A helper is an interpreter of its own that imports what it is asked for and nothing else: no connection, no settings,
no `__main__` of the one who asks. It is nicer to others than its parent, and ends with it. Results come in the order
in which they were asked for, so they do not hang on how many helpers there are. With one core, where none can be
started, and for what a helper left undone because it was killed, the caller's own process does the work.
One that draws the tiles of a city of 930,000 floors holds 1.2 GB, others 0.1 to 0.3 GB.
"""

import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from queue import SimpleQueue
from threading import Event
from typing import Any, BinaryIO

MOST = 4
NICER = 5
_MAIN = "from shanzhi.core.kit import helpers; helpers.serve()"
_SIZE = 8

Work = Callable[..., Any]
Asked = Callable[[Work, Iterable[tuple[Any, ...]]], Iterator[Any]]


def usual() -> int:
    """How many helpers this machine has room for: one for each core, 0 with a single one."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return 0 if cores < 2 else min(cores, MOST)


class Lost(Exception):
    """The helper is no more."""


class _Helper:
    def __init__(self) -> None:
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        self._process = subprocess.Popen(
            [sys.executable, "-c", _MAIN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
        )

    def ask(self, work: Work, given: tuple[Any, ...]) -> Any:
        told, heard = self._process.stdin, self._process.stdout
        assert told is not None and heard is not None
        try:
            _send(told, (work, given))
            failed, result = _receive(heard)
        except (EOFError, OSError) as error:
            raise Lost from error
        if failed:
            raise result
        return result

    def stop(self) -> None:
        self._process.terminate()

    def end(self) -> None:
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:  # what it was never told
                    pass


def _send(pipe: BinaryIO | Any, what: Any) -> None:
    content = pickle.dumps(what, pickle.HIGHEST_PROTOCOL)
    pipe.write(len(content).to_bytes(_SIZE, "big"))
    pipe.write(content)
    pipe.flush()


def _receive(pipe: BinaryIO | Any) -> Any:
    size = pipe.read(_SIZE)
    if len(size) < _SIZE:
        raise EOFError
    content = pipe.read(int.from_bytes(size, "big"))
    return pickle.loads(content)


@contextmanager
def helping(count: int | None = None) -> Iterator[Asked]:
    """Helpers until the end of the block, by default as many as `usual`.

    What it gives is called with a function and its arguments, one tuple for each piece of work; it begins at once and
    yields the results in that order. An exception of a piece is raised where its result would have come.
    """
    helpers = _begin(usual() if count is None else count)
    if not helpers:
        yield lambda work, tasks: (work(*given) for given in tasks)
        return
    idle: SimpleQueue[_Helper] = SimpleQueue()
    leaving = Event()
    for helper in helpers:
        idle.put(helper)

    def one(work: Work, given: tuple[Any, ...]) -> Any:
        helper = idle.get()
        try:
            return helper.ask(work, given)
        except Lost:
            if leaving.is_set():
                raise
            return work(*given)
        finally:
            idle.put(helper)

    with ThreadPoolExecutor(len(helpers), thread_name_prefix="helper") as pool:

        def asked(work: Work, tasks: Iterable[tuple[Any, ...]]) -> Iterator[Any]:
            begun: list[Future[Any]] = [pool.submit(one, work, given) for given in tasks]
            return (future.result() for future in begun)

        try:
            yield asked
        finally:
            # Whoever leaves early does not wait for what nobody wants any more.
            leaving.set()
            pool.shutdown(wait=False, cancel_futures=True)
            for helper in helpers:
                helper.stop()
            pool.shutdown(wait=True)
            for helper in helpers:
                helper.end()


def _begin(count: int) -> list[_Helper]:
    begun = []
    for _ in range(count):
        try:
            begun.append(_Helper())
        except OSError:  # no memory, or no more processes
            break
    return begun


def serve() -> None:
    """Answer what comes in until there is no more: the whole life of a helper."""
    if hasattr(os, "nice"):
        os.nice(NICER)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # meant for the parent, whose end is ours
    heard = sys.stdin.buffer
    told = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what is printed goes elsewhere
    while True:
        try:
            work, given = _receive(heard)
        except EOFError:
            return
        try:
            answer = (False, work(*given))
        except Exception as error:
            answer = (True, error)
        try:
            _send(told, answer)
        except BrokenPipeError:
            return
