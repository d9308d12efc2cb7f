"""What `bench/reach.py` stands on: services that are started again, invented people, and their phones."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

from shanzhi.core.kit.ids import uuid7
from shanzhi.edge.cli.serve import die_with_us

AREA = "900101"
PUSH, SENDERS, PER_ADDRESS, INFLIGHT = 8, 128, 20_000, 64

_PEOPLE = """
CREATE UNLOGGED TABLE bench_phone (n int PRIMARY KEY, account_id uuid, device bytea);
COPY bench_phone FROM STDIN
"""
_FILL = """
INSERT INTO places_place (id, level, code, name, pinyin, area, urban_rural_class, opened_on)
VALUES (%(place)s, 'county', %(area)s, '示例区', 'shi li qu', %(area)s, '', '2024-01-01');
INSERT INTO places_placeclosure (ancestor_id, descendant_id, depth, from_on)
VALUES (%(place)s, %(place)s, 0, '2024-01-01');
INSERT INTO people_postkind (code, zh, en, for_unit, position, capabilities)
VALUES ('bench', '示例员', 'Example', false, 0, '{}');
INSERT INTO people_account (id, username, display_name, password, is_active, created_at, password_changed_at)
SELECT account_id, 'u' || n, '示例' || n, '!', true, %(at)s, %(at)s FROM bench_phone;
INSERT INTO people_post (id, account_id, kind_id, place_id, from_on)
SELECT gen_random_uuid(), account_id, 'bench', %(place)s, '2024-01-01' FROM bench_phone;
INSERT INTO people_devicetoken (id, hash, account_id, device_name, created_at)
SELECT gen_random_uuid(), device, account_id, '手机', %(at)s FROM bench_phone
"""
_ORDER = """
INSERT INTO orders_order (id, number, place_id, template, title, sentence, body, place_ids, post_kinds, skills,
  answers, asks, until_at, ladder, is_drill, state, drafted_by_id, drafted_by, drafted_at, confirmed_by, issued_at)
VALUES (%(id)s, %(number)s, %(place)s, '', '示例指令', %(sentence)s, %(body)s, ARRAY[%(place)s]::uuid[], '{bench}',
  '{}', '{acknowledged}', '[]', %(at)s, 'none', false, 'issued', %(place)s, '示例', %(at)s, '示例', %(at)s)
"""
_BODY = "先通知独居老人、残疾人和地下室住户，逐户回报。" * 20


def free_port() -> int:
    """A port that nobody has."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


@dataclass
class Services:
    """Processes that are started again when they fall over, as a supervisor does."""

    environment: dict[str, str]
    running: dict[str, tuple[list[str], subprocess.Popen[bytes]]] = field(default_factory=dict)
    stop: threading.Event = field(default_factory=threading.Event)

    def start(self, name: str, command: list[str]) -> None:
        self.running[name] = command, self._open(command)

    def _open(self, command: list[str]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            command, env=self.environment, start_new_session=True, preexec_fn=die_with_us,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def kill(self, name: str) -> None:
        """-9 to the process and all that it made."""
        os.killpg(self.running[name][1].pid, signal.SIGKILL)

    def kill_for_good(self, name: str) -> None:
        """-9, and not started again."""
        _, process = self.running.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def look_after(self) -> None:
        while not self.stop.wait(0.3):
            for name, (command, process) in list(self.running.items()):
                if process.poll() is not None and not self.stop.is_set():
                    self.running[name] = command, self._open(command)

    def end(self) -> None:
        self.stop.set()
        for _, process in self.running.values():
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
        for _, process in self.running.values():
            with suppress(subprocess.TimeoutExpired):
                process.wait(5)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)

    def kilobytes(self, prefix: str) -> int:
        """Resident memory of the processes of this name, kB (proportional: shared pages once)."""
        groups = {process.pid for name, (_, process) in self.running.items() if name.startswith(prefix)}
        total = 0
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with suppress(OSError, ProcessLookupError):
                    if os.getpgid(int(entry.name)) in groups:
                        text = (entry / "smaps_rollup").read_text()
                        total += sum(int(x.split()[1]) for x in text.splitlines() if x.startswith("Pss:"))
        return total


@dataclass
class Bench:
    """Everything that a measurement needs."""

    folder: Path
    people: int
    url: str = ""
    place: str = field(default_factory=lambda: str(uuid7()))
    accounts: list[str] = field(default_factory=list)
    devices: list[str] = field(default_factory=list)
    services: Services = field(default_factory=lambda: Services(dict(os.environ)))
    rested: int = 0
    rows: list[tuple[str, str, str]] = field(default_factory=list)

    def connect(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self.url, autocommit=True)

    def line(self, what: str, value: str, beside: str = "") -> None:
        self.rows.append((what, value, beside))
        print(f"{what:<62}{value:>18}  {beside}", flush=True)

    def one(self, sql: str, *params: Any) -> Any:
        with self.connect() as connection:
            row = connection.execute(sql, params).fetchone()
            return row[0] if row else None

    def migrate(self) -> None:
        command = [sys.executable, "-m", "django", "migrate", "--no-input", "--verbosity", "0"]
        subprocess.run(command, env=self.services.environment, check=True)

    def fill(self) -> None:
        """Invented people, a post and a phone each."""
        self.accounts = [str(uuid7()) for _ in range(self.people)]
        self.devices = [f"szd_{hashlib.sha256(one.encode()).hexdigest()[:43]}" for one in self.accounts]
        with self.connect() as connection, connection.cursor() as cursor:
            create, copy = _PEOPLE.split(";")
            cursor.execute(create)
            with cursor.copy(copy) as rows:
                for n, (account, token) in enumerate(zip(self.accounts, self.devices, strict=True)):
                    rows.write_row((n, account, hashlib.sha256(token.encode()).digest()))
            for statement in _FILL.split(";"):
                cursor.execute(statement, {"place": self.place, "area": AREA, "at": datetime.now(UTC)})
            for table in (
                "people_post",
                "people_account",
                "people_devicetoken",
                "places_place",
                "places_placeclosure",
            ):
                cursor.execute(f"ANALYZE {table}")

    def issue(self, number: str) -> tuple[str, float]:
        """Snapshot of the audience and publication, one transaction; the order's id and the seconds it took.

        The statements are the product's own: who gets it, frozen and sent in the app, and the news of it.
        """
        import django

        django.setup()
        from django.db import connection, transaction

        from shanzhi.base.outbox import actions as outbox
        from shanzhi.work.orders import audience

        at, order, begun = datetime.now(UTC), str(uuid7()), time.monotonic_ns()
        sentence = f"请到示例点集合 @@{begun}@@"
        given = {
            "id": order, "number": number, "place": self.place, "at": at, "sentence": sentence, "body": _BODY,
        }  # fmt: skip
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_ORDER, given)
            whom = audience.Audience([UUID(self.place)], ["bench"])
            audience.snapshot(UUID(order), whom, at.date(), at)
            payload = {"sentence": sentence, "number": number}
            outbox.publish([outbox.News(AREA, "orders", UUID(order), "issued", payload, at)])
        spent = (time.monotonic_ns() - begun) / 1e9
        connection.close()
        return order, spent

    def pulls(self, order: str) -> Path:
        """A request for the full text of an order from each phone, as a file for the client."""
        path = self.folder / "texts.requests"
        with path.open("wb") as out:
            for token in self.devices:
                text = (
                    f"GET /api/intake/texts/{order} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n"
                ).encode()
                out.write(b"%d\n%s" % (len(text), text))
        return path

    def recipients(self, order: str) -> dict[str, str]:
        with self.connect() as connection:
            rows = connection.execute(
                "SELECT account_id::text, id::text FROM orders_recipient WHERE order_id = %s", [order]
            )
            return dict(rows.fetchall())

    def receipts(self, order: str, answer: str) -> tuple[Path, list[str]]:
        """A request for each phone, as a file for the client; the ids of the receipts."""
        recipients, ids = self.recipients(order), [str(uuid7()) for _ in range(self.people)]
        path = self.folder / f"{answer}.requests"
        at = datetime.now(UTC).isoformat()
        with path.open("wb") as out:
            for account, token, made in zip(self.accounts, self.devices, ids, strict=True):
                item = {
                    "id": made,
                    "area": AREA,
                    "recipient": recipients[account],
                    "answer": answer,
                    "happened_at": at,
                }
                body = json.dumps({"items": [item]})
                text = (
                    f"POST /api/intake/receipts HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
                    f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}"
                ).encode()
                out.write(b"%d\n%s" % (len(text), text))
        return path, ids


def send(
    bench: Bench, port: int, path: Path, seconds: float, needles: tuple[str, str], links: int = SENDERS
) -> dict[str, Any]:
    """Send a file of requests and wait for all answers."""
    command = [
        bench.folder / "phones",
        "send",
        str(port),
        path,
        str(links),
        str(seconds),
        *needles,
        "/dev/null",
    ]
    done = subprocess.run([str(one) for one in command], stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


class Phones:
    """The listening clients: one process for each push process or broker."""

    def __init__(self, bench: Bench, kind: str, lines: list[list[str]]) -> None:
        self.out = [bench.folder / f"{kind}{n}.out" for n in range(len(lines))]
        self.clients = []
        for n, part in enumerate(lines):
            path = bench.folder / f"{kind}{n}.phones"
            path.write_text("".join(f"{line}\n" for line in part))
            command = [
                bench.folder / "phones",
                "listen",
                kind,
                path,
                f"127.0.{n + 1}.1",
                PER_ADDRESS,
                INFLIGHT,
            ]
            self.clients.append(
                subprocess.Popen(
                    [str(one) for one in (*command, self.out[n])], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                    text=True, preexec_fn=die_with_us,
                )
            )  # fmt: skip

    def told(self, key: str) -> list[dict[str, Any]]:
        """The next line with this key from each client."""
        return [self._line(client, key) for client in self.clients]

    def _line(self, client: subprocess.Popen[str], key: str) -> dict[str, Any]:
        while True:
            found: dict[str, Any] = json.loads(client.stdout.readline())  # type: ignore[union-attr]
            if key in found:
                return found

    def open_now(self) -> int:
        """How many streams are open."""
        self._ask("s")
        return sum(one["now"] for one in self.told("now"))

    def _ask(self, order: str) -> None:
        for client in self.clients:
            client.stdin.write(order)  # type: ignore[union-attr]
            client.stdin.flush()  # type: ignore[union-attr]

    def end(self) -> list[list[int]]:
        """Close all; for each phone its frames, its reconnections and the stamps of its frames."""
        self._ask("q")
        for client in self.clients:
            client.wait(60)
        return [[int(x) for x in line.split()] for path in self.out for line in path.read_text().splitlines()]


def wave(lines: list[dict[str, Any]]) -> tuple[int, float]:
    """How many frames, and the seconds to the last."""
    return sum(line["frames"] for line in lines), max(line["last"] for line in lines)


def parts(things: list[str], count: int) -> list[list[str]]:
    size = -(-len(things) // count)
    return [things[start : start + size] for start in range(0, len(things), size)]


def until(true: Callable[[], bool], seconds: float = 120) -> float:
    """Wait; how long it took. RuntimeError when it never comes true."""
    begun = time.monotonic()
    while not true():
        if time.monotonic() - begun > seconds:
            raise RuntimeError("waited in vain")
        time.sleep(0.1)
    return time.monotonic() - begun


def serve(bench: Bench) -> tuple[list[int], int]:
    """Start push, intake, relay and folding; the ports of push, and the one of intake."""
    granian = [sys.executable, "-m", "granian", "--interface", "asgi", "--host", "127.0.0.1", "--no-ws"]
    granian += [
        "--log-level",
        "error",
        "--backlog",
        "4096",
        "--http",
        "1",
        "--backpressure",
        "20000",
        "--port",
    ]
    ports, intake = [free_port() for _ in range(PUSH)], free_port()
    for n, port in enumerate(ports):
        bench.services.start(
            f"push{n}", [sys.executable, "-m", "shanzhi.edge.push.server", "--port", str(port)]
        )
    bench.services.start("intake", [*granian, str(intake), "shanzhi.edge.intake.asgi:application"])
    bench.services.start("worker", [sys.executable, "-m", "shanzhi.edge.cli.worker", "relay", "folding"])
    threading.Thread(target=bench.services.look_after, daemon=True).start()
    for port in (*ports, intake):
        until(lambda port=port: listens(port))  # type: ignore[misc]
    return ports, intake


def listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def open_streams(bench: Bench, ports: list[int]) -> Phones:
    """A stream for each phone, with a token of its own."""
    from shanzhi.edge.push import tokens

    begun, before = time.monotonic(), bench.services.kilobytes("push")
    lists = parts([f"/api/push/stream?token={tokens.make(one)}" for one in bench.accounts], PUSH)
    made = time.monotonic() - begun
    phones = Phones(
        bench, "sse", [[f"{port} {x}" for x in one] for port, one in zip(ports, lists, strict=False)]
    )
    opened = phones.told("seconds")
    seconds = max(one["seconds"] for one in opened)
    bench.line(
        "streams open", f"{sum(one['open'] for one in opened):,}", f"in {seconds:.1f} s; tokens {made:.1f} s"
    )
    time.sleep(3)
    bench.rested = before
    memory(bench, "push", "right after opening")
    return phones


def memory(bench: Bench, name: str, when: str) -> None:
    """What a stream takes in the server, beyond the process without streams."""
    each = (bench.services.kilobytes(name) - bench.rested) / bench.people
    bench.line(f"memory of the server for each stream, {when}", f"{each:.1f} kB", "goal 12 kB")
