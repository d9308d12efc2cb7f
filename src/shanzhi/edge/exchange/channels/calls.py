"""One HTTP client for all channels: kept-alive connections of the standard library, one a thread and host."""

import http.client
import json
import ssl
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

from shanzhi.base.messaging.channels import Letter, Outcome

MOST_ANSWER_BYTES = 1_000_000
Item = TypeVar("Item")
Made = TypeVar("Made")


@dataclass(frozen=True)
class Unanswered(Exception):
    """No answer that could be read: `result` is unreachable or timeout, `code` says more; always retriable."""

    result: str
    code: str


class Caller:
    """Calls to one base address, from several threads at once."""

    def __init__(self, base_url: str, timeout_seconds: float) -> None:
        """`base_url` with http or https. https is verified against the machine's certificates."""
        parts = urlsplit(base_url)
        self._secure, self._host = parts.scheme == "https", parts.netloc
        self._prefix, self._timeout = parts.path.rstrip("/"), timeout_seconds
        self._query = parts.query
        self._lines = threading.local()

    def call(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, bytes]:
        """Status and content. Raises Unanswered. When the server has closed a kept connection, which it may at any
        time, the call is made once more on a fresh one; in the rare case that it had read the first, it gets two."""
        target = self._prefix + path
        if self._query:
            target += ("&" if "?" in target else "?") + self._query
        kept = getattr(self._lines, "line", None)
        try:
            return self._once(kept or self._open(), method, target, body, headers or {})
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError) as error:
            self._drop()
            if kept is None:
                raise Unanswered("unreachable", "disconnected") from error
            return self.call(method, path, body, headers)
        except TimeoutError as error:
            self._drop()
            raise Unanswered("timeout", "no-answer") from error
        except (OSError, http.client.HTTPException) as error:
            self._drop()
            raise Unanswered("unreachable", type(error).__name__) from error

    def _open(self) -> http.client.HTTPConnection:
        line = (
            http.client.HTTPSConnection(
                self._host, timeout=self._timeout, context=ssl.create_default_context()
            )
            if self._secure
            else http.client.HTTPConnection(self._host, timeout=self._timeout)
        )
        self._lines.line = line
        return line

    def _drop(self) -> None:
        if line := getattr(self._lines, "line", None):
            line.close()
        self._lines.line = None

    def _once(
        self, line: http.client.HTTPConnection, method: str, target: str, body: bytes | None, headers: dict[str, str]
    ) -> tuple[int, bytes]:  # fmt: skip
        line.request(method, target, body, headers)
        answer = line.getresponse()
        content = answer.read(MOST_ANSWER_BYTES)
        if answer.will_close or not answer.isclosed():
            self._drop()
        return answer.status, content

    def post_json(self, path: str, value: Any) -> dict[str, Any]:
        """The JSON object answered to a JSON object. Raises Unanswered for anything else."""
        body = json.dumps(value, ensure_ascii=False).encode()
        return read_object(
            *self.call("POST", path, body, {"Content-Type": "application/json; charset=utf-8"})
        )

    def get_json(self, path: str) -> dict[str, Any]:
        """The JSON object at a path. Raises Unanswered for anything else."""
        return read_object(*self.call("GET", path))


def read_object(status: int, content: bytes) -> dict[str, Any]:
    """The JSON object of an answer. Raises Unanswered: garbage says nothing about what became of the message."""
    if status >= 500 or status == 429:
        raise Unanswered("unreachable", f"http-{status}")
    try:
        value = json.loads(content)
    except ValueError as error:
        raise Unanswered("unreachable", "unreadable-answer") from error
    if not isinstance(value, dict):
        raise Unanswered("unreachable", "unreadable-answer")
    return value


def missed(letters: Sequence[Letter], error: Unanswered) -> list[Outcome]:
    """The outcome of letters whose call had no answer."""
    return [Outcome(one, error.result, code=error.code, retriable=True) for one in letters]


class Pool:
    """Several calls at once, since one provider's answer takes longer than its rate allows to wait."""

    def __init__(self, connections: int) -> None:
        self._threads = ThreadPoolExecutor(connections, thread_name_prefix="channel")

    def each(self, work: Callable[[Item], Made], items: Sequence[Item]) -> list[Made]:
        """What was made of the items, in their order."""
        return list(self._threads.map(work, items))

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)
