"""Servers that speak the providers' formats, for tests of the channels."""

from __future__ import annotations

import hashlib
import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Reply = Callable[[str, str, dict[str, str], bytes], Any]


class HttpProvider:
    """Answers with what `reply(method, path, headers, body)` returns: a value as JSON, bytes as they are, or
    (status, value). Keeps every request."""

    def __init__(self, reply: Reply) -> None:
        self.seen: list[tuple[str, str, dict[str, str], bytes]] = []
        provider = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _do(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                request = (self.command, self.path, dict(self.headers), body)
                provider.seen.append(request)
                said = reply(*request)
                status, value = said if isinstance(said, tuple) else (200, said)
                content = value if isinstance(value, bytes) else json.dumps(value).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = _do

            def log_message(self, *_: Any) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@contextmanager
def http_provider(reply: Reply) -> Iterator[HttpProvider]:
    provider = HttpProvider(reply)
    thread = threading.Thread(
        target=provider.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
    )
    thread.start()
    try:
        yield provider
    finally:
        provider.server.shutdown()
        provider.server.server_close()


def _cut(body: bytes, layout: list[tuple[str, int]]) -> dict[str, Any]:
    """Fields by name: numbers for 1, 2 and 4 bytes of "#name", else bytes without their padding."""
    found: dict[str, Any] = {}
    at = 0
    for name, size in layout:
        raw = body[at : at + size]
        assert len(raw) == size, (name, body)
        found[name.lstrip("#")] = (
            int.from_bytes(raw, "big") if name.startswith("#") else raw.rstrip(b"\0").decode()
        )
        at += size
    found["rest"] = body[at:]
    return found


SUBMIT = [
    ("#Msg_Id", 8), ("#Pk_total", 1), ("#Pk_number", 1), ("#Registered_Delivery", 1), ("#Msg_level", 1),
    ("Service_Id", 10), ("#Fee_UserType", 1), ("Fee_terminal_Id", 32), ("#Fee_terminal_type", 1), ("#TP_pId", 1),
    ("#TP_udhi", 1), ("#Msg_Fmt", 1), ("Msg_src", 6), ("FeeType", 2), ("FeeCode", 6), ("ValId_Time", 17),
    ("At_Time", 17), ("Src_Id", 21), ("#DestUsr_tl", 1), ("Dest_terminal_Id", 32), ("#Dest_terminal_type", 1),
    ("#Msg_Length", 1),
]  # fmt: skip


class Gateway:
    """A CMPP 3.0 gateway, written from the document's tables and not from the client's code.

    `results` are the Result of the next submits (0 after them; None: no answer). `most_open` is the widest window
    that was seen, since answers are held back until `hold` submits wait.
    """

    def __init__(self, secret: str = "secret", hold: int = 1) -> None:
        self.secret, self.hold = secret, hold
        self.submits: list[dict[str, Any]] = []
        self.results: list[int | None] = []
        self.acknowledged: list[tuple[int, bytes, int]] = []
        self.commands: list[int] = []
        self.most_open = 0
        self.status = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.line: socket.socket | None = None
        self.changed = threading.Condition()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)  # wakes whoever accepts
        self._listener.close()
        if self.line:
            self.line.close()

    def send(self, command: int, sequence: int, body: bytes = b"") -> None:
        assert self.line is not None
        self.line.sendall(struct.pack(">III", 12 + len(body), command, sequence) + body)

    def deliver(
        self, sequence: int, sender: str, content: bytes, *, report: int, form: int = 8, udhi: int = 0
    ) -> None:
        id = sequence.to_bytes(8, "big")
        head = id + b"10690001".ljust(21, b"\0") + b"SVC".ljust(10, b"\0") + bytes((0, udhi, form))
        tail = sender.encode().ljust(32, b"\0") + bytes((0, report, len(content)))
        self.send(5, sequence, head + tail + content + bytes(20))

    def report(self, sequence: int, about: str, stat: str, phone: str) -> None:
        content = bytes.fromhex(about) + stat.encode().ljust(7, b"\0") + b"2603091000" * 2
        self.deliver(sequence, phone, content + phone.encode().ljust(32, b"\0") + b"\0\0\0\1", report=1)

    def wait(self, true: Callable[[], bool]) -> None:
        with self.changed:
            assert self.changed.wait_for(true, 3)

    def _accept(self) -> None:
        while True:
            try:
                self.line, _ = self._listener.accept()
            except OSError:
                return
            try:
                self._serve(self.line)
            except (OSError, ConnectionError):
                self.line.close()

    def _serve(self, line: socket.socket) -> None:
        waiting: list[tuple[int, int, int]] = []
        while True:
            length, command, sequence = struct.unpack(">III", self._exactly(line, 12))
            body = self._exactly(line, length - 12)
            if command == 1:
                self._connect(sequence, body)
            elif command == 4:
                waiting += self._submit(sequence, body)
                self.most_open = max(self.most_open, len(waiting))
                if len(waiting) >= self.hold:
                    for known, number, result in waiting:
                        self.send(0x80000004, known, number.to_bytes(8, "big") + struct.pack(">I", result))
                    waiting = []
            elif command == 0x80000005:
                self.acknowledged.append((sequence, body[:8], int.from_bytes(body[8:], "big")))
            elif command == 8:
                self.send(0x80000008, sequence, b"\0")
            with self.changed:
                self.commands.append(command)
                self.changed.notify_all()

    def _connect(self, sequence: int, body: bytes) -> None:
        assert len(body) == 27
        source, proof, version = body[:6], body[6:22], body[22]
        stamp = int.from_bytes(body[23:], "big")
        assert version == 0x30
        right = hashlib.md5(source + bytes(9) + self.secret.encode() + f"{stamp:010d}".encode()).digest()
        status = self.status or (0 if proof == right else 3)
        answer = struct.pack(">I", status)
        self.send(0x80000001, sequence, answer + hashlib.md5(answer + proof + b"secret").digest() + b"\x30")

    def _submit(self, sequence: int, body: bytes) -> list[tuple[int, int, int]]:
        found = _cut(body, SUBMIT)
        length, rest = found["Msg_Length"], found.pop("rest")
        assert len(rest) == length + 20 and rest[length:] == bytes(20)
        found["content"] = rest[:length]
        self.submits.append(found)
        result = self.results.pop(0) if self.results else 0
        return [] if result is None else [(sequence, 0xA0 + len(self.submits), result)]

    @staticmethod
    def _exactly(line: socket.socket, size: int) -> bytes:
        found = b""
        while len(found) < size:
            more = line.recv(size - len(found))
            if not more:
                raise ConnectionError
            found += more
        return found
