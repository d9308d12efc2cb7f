"""An order to 149,000 phones on one machine: to the last phone's frame, and back by receipts; beside its peers.

    python bench/reach.py [--people 149000] [--kill]

Needs gcc; mosquitto for one of the peers. Runs an embedded database of its own in a temporary folder, eight push
processes (each within its limit of open files), one intake process, relay and folding. Phones are real connections
from several loopback addresses (`reach_client/phones.c`), each with a token of its own. Client and servers share the
processors. `--kill` kills push, intake and PostgreSQL (-9) in the middle and counts ids afterwards, without peers.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# This folder holds a module called http: it must not stand before the standard library.
sys.path = [
    str(ROOT / "src"),
    str(ROOT),
    *(path for path in sys.path if Path(path).resolve() != ROOT / "bench"),
]

import argparse  # noqa: E402
import json  # noqa: E402
import os  # noqa: E402
import shutil  # noqa: E402
import signal  # noqa: E402
import socket  # noqa: E402
import subprocess  # noqa: E402
import tempfile  # noqa: E402
import threading  # noqa: E402
import time  # noqa: E402
from collections.abc import Iterator  # noqa: E402
from contextlib import contextmanager  # noqa: E402
from datetime import UTC, datetime  # noqa: E402
from typing import Any  # noqa: E402
from uuid import UUID  # noqa: E402

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shanzhi.edge.settings")

from bench.reach_client.harness import (  # noqa: E402
    AREA,
    PUSH,
    Bench,
    Phones,
    Services,
    free_port,
    listens,
    memory,
    open_streams,
    parts,
    send,
    serve,
    until,
    wave,
)  # fmt: skip

from shanzhi.core.kit.ids import uuid7  # noqa: E402
from shanzhi.edge.cli import postgres  # noqa: E402
from shanzhi.edge.cli.home import find_home  # noqa: E402
from shanzhi.edge.cli.sentences import CommandError  # noqa: E402

POLLS = 4_000
JITTER = 25.0
NEEDLES = '"status":"stored"', '"status":"known"'


def to_the_last_phone(bench: Bench, phones: Phones) -> tuple[str, float]:
    """Two orders; the better one counts. The order and the seconds."""
    found = []
    for turn in range(2):
        order, snapshot = bench.issue(f"ZL-{turn}")
        count, last = wave(phones.told("frames"))
        bench.line(f"order {turn + 1}: snapshot to the last of {count:,} frames", f"{last:.2f} s",
                   f"snapshot {snapshot:.2f} s; goal 5 s")  # fmt: skip
        found.append((last, order))
    return found[-1][1], min(found)[0]


def texts_pulled(bench: Bench, order: str, port: int) -> None:
    """Every phone pulls the full text, each after a time of its own of up to 25 seconds."""
    found = send(bench, port, bench.pulls(order), JITTER * bench.people / 149_000, ('"orders":[', "-"))
    lasting = JITTER * bench.people / 149_000
    bench.line(
        f"{found['first']:,} full texts pulled, spread over {lasting:.0f} s: p99 of the answer",
        f"{found['p99'] * 1000:.0f} ms",
        f"all within {found['seconds']:.1f} s, goal {30 * bench.people / 149_000:.0f} s; "
        f"{found['requests'] / found['seconds']:,.0f} /s; refused {found['refused']}",
    )


def back_by_receipts(bench: Bench, order: str, port: int) -> float:
    """All answer within a minute; then all again as fast as may be. Receipts a second of the latter."""
    people = bench.people
    path, ids = bench.receipts(order, "acknowledged")
    paced = send(bench, port, path, 60 * people / 149_000, NEEDLES)
    board = until(lambda: bench.one(
        "SELECT acknowledged FROM orders_reachcount WHERE order_id = %s ORDER BY at DESC LIMIT 1", order
    ) == people)  # fmt: skip
    bench.line(f"{paced['requests']:,} receipts spread over {paced['seconds']:.0f} s: p99 of the answer",
               f"{paced['p99'] * 1000:.0f} ms",
               f"p50 {paced['p50'] * 1000:.0f} ms; refused {paced['refused']}")  # fmt: skip
    bench.line("board right to the last one after the last answer", f"{board:.1f} s", "polled each 0.1 s")
    with bench.connect() as connection:
        kept = [row[0] for row in connection.execute("SELECT id::text FROM orders_receipt")]
    right = paced["first"] == people and len(kept) == people and set(kept) == set(ids)
    bench.line("every id once in the database", "yes" if right else "NO")
    again = send(bench, port, path, 0, NEEDLES)
    bench.line("the same again: known", f"{again['second']:,}", f"{people / again['seconds']:,.0f} a second")
    path, _ = bench.receipts(order, "done")
    fast = send(bench, port, path, 0, NEEDLES)
    rate = fast["first"] / fast["seconds"]
    bench.line("receipts as fast as may be, one intake process", f"{rate:,.0f} /s",
               f"p99 {fast['p99'] * 1000:.0f} ms; goal 2,500 /s")  # fmt: skip
    done = "SELECT count(*) FROM orders_recipient WHERE order_id = %s AND state = 'done'"
    until(lambda: bench.one(done, order) == people)
    return rate


def commit_each(bench: Bench, order: str, rate: float) -> None:
    """The peer of group commit: the same function, a transaction for each receipt, from 8 threads."""
    import django

    django.setup()
    from shanzhi.work.orders import receipts

    recipients = bench.recipients(order)
    mine = bench.accounts[: min(bench.people, 8000)]
    items = [
        json.dumps({"id": str(uuid7()), "area": AREA, "recipient": recipients[one], "answer": "read",
                    "happened_at": datetime.now(UTC).isoformat()}).encode()
        for one in mine
    ]  # fmt: skip

    def work(numbers: range) -> None:
        with bench.connect() as connection, connection.cursor() as cursor:
            for n in numbers:
                one = receipts.submission(UUID(mine[n]), receipts.read(items[n]))
                with connection.transaction():
                    receipts.take(cursor, [one], datetime.now(UTC))

    threads = [threading.Thread(target=work, args=(range(n, len(mine), 8),)) for n in range(8)]
    begun = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    each = len(mine) / (time.monotonic() - begun)
    bench.line("peer: a commit for each receipt (8 connections, no HTTP)", f"{each:,.0f} /s",
               f"ours with HTTP {rate / each:.1f} x")  # fmt: skip


def poll(bench: Bench, last: float) -> None:
    """The peer of streams: every phone asks every 10 seconds. A sample of it, as fast as may be, and scaled."""
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "granian",
        "--interface",
        "wsgi",
        "--host",
        "127.0.0.1",
        "--no-ws",
        "--port",
    ]
    command += [
        str(port),
        "--workers",
        "2",
        "--blocking-threads",
        "4",
        "--backpressure",
        "64",
        "--log-level",
        "error",
    ]
    bench.services.start("wsgi", [*command, "shanzhi.edge.wsgi:application"])
    until(lambda: listens(port))
    path = bench.folder / "polls.requests"
    with path.open("wb") as out:
        for n in range(POLLS):
            token = bench.devices[n % bench.people]
            text = (
                f"GET /api/me HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
            )
            out.write(b"%d\n%s" % (len(text), text))
    send(bench, port, path, 0, ("display", "name"), 8)
    found = send(bench, port, path, 0, ("display", "name"), 32)
    rate = found["requests"] / found["seconds"]
    needed = bench.people / 10
    bench.line(
        f"peer: polling, a sample of {POLLS:,}", f"{rate:,.0f} /s",
        f"needs {needed:,.0f} /s: one round lasts {max(10, bench.people / rate):.0f} s (scaled), "
        f"ours {max(10, bench.people / rate) / last:.0f} x sooner",
    )  # fmt: skip


def mosquitto(bench: Bench, last: float) -> None:
    """The peer of push: as many brokers as we have processes, as many subscribers as we have phones."""
    program = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
    if program is None:
        bench.line("peer: mosquitto", "not installed")
        return
    ports = [free_port() for _ in range(PUSH)]
    brokers = Services(dict(os.environ))
    for n, port in enumerate(ports):
        config = bench.folder / f"mosquitto{n}.conf"
        config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\nmax_connections -1\n")
        config.chmod(0o644)
        brokers.start(f"broker{n}", [program, "-c", str(config)])
    try:
        for port in ports:
            until(lambda port=port: listens(port))  # type: ignore[misc]
        before = brokers.kilobytes("broker")
        lists = parts(["orders"] * bench.people, PUSH)
        phones = Phones(
            bench, "mqtt", [[f"{port} {x}" for x in one] for port, one in zip(ports, lists, strict=False)]
        )
        phones.told("seconds")
        time.sleep(2)
        each = (brokers.kilobytes("broker") - before) / bench.people
        found = []
        for _ in range(2):
            publish(ports)
            count, seconds = wave(phones.told("frames"))
            found.append(seconds)
        bench.line(f"peer: mosquitto, {PUSH} brokers, to the last of {count:,}", f"{min(found):.2f} s",
                   f"{each:.1f} kB each; ours, snapshot included, {last / min(found):.1f} x its time")  # fmt: skip
        phones.end()
    finally:
        brokers.end()


def publish(ports: list[int]) -> None:
    """One message of the size of our frame to each broker."""
    payload = f"@@{time.monotonic_ns()}@@".ljust(260).encode()
    body = b"\0\6orders" + payload
    packet = b"\x30" + bytes([len(body) % 128 | 128, len(body) // 128]) + body
    for port in ports:
        with socket.create_connection(("127.0.0.1", port)) as link:
            link.sendall(b"\x10\x0d\0\4MQTT\4\2\0\0\0\1p")
            link.recv(16)
            link.sendall(packet + b"\xe0\0")


def measure(bench: Bench) -> None:
    """All measurements, and the peers after them on a machine that is quiet again."""
    ports, intake = serve(bench)
    phones = open_streams(bench, ports)
    order, last = to_the_last_phone(bench, phones)
    memory(bench, "push", "after the orders")
    texts_pulled(bench, order, intake)
    rate = back_by_receipts(bench, order, intake)
    heard = phones.end()
    twice = sum(len(set(one[2:4])) != 2 or one[0] != 2 for one in heard)
    bench.line("phones that did not hear each of two orders once", f"{twice:,}")
    for n in range(PUSH):
        bench.services.kill_for_good(f"push{n}")
    commit_each(bench, order, rate)
    poll(bench, last)
    bench.services.end()
    mosquitto(bench, last)


def kill_database(root: Path) -> float:
    """-9 to PostgreSQL, and start it again as the supervisor does; the seconds until it answers."""
    process = postgres.server_process(find_home(root))
    assert process is not None
    os.kill(process, signal.SIGKILL)
    begun = time.monotonic()
    while True:
        try:
            postgres.ensure_running(root)
            return time.monotonic() - begun
        except CommandError:
            time.sleep(0.2)


def measure_killed(bench: Bench) -> None:
    """Push, intake and PostgreSQL killed while receipts come in and an order goes out; then ids are counted."""
    people, lasting = bench.people, 30.0
    ports, intake = serve(bench)
    phones = open_streams(bench, ports)
    first, _ = bench.issue("ZL-A")
    heard = wave(phones.told("frames"))[0]
    bench.line("first order heard", f"{heard:,}")
    path, ids = bench.receipts(first, "acknowledged")
    answers: dict[str, Any] = {}
    sender = threading.Thread(target=lambda: answers.update(send(bench, intake, path, lasting, NEEDLES)))
    sender.start()
    time.sleep(5)
    second, _ = bench.issue("ZL-B")
    for n in range(0, PUSH, 2):
        bench.services.kill(f"push{n}")
    bench.line("push", "killed", f"{PUSH // 2} of {PUSH} processes, right after the second order")
    time.sleep(6)
    bench.services.kill("intake")
    bench.line("intake", "killed", "in the middle of the receipts")
    time.sleep(6)
    bench.line("PostgreSQL", "killed", f"answers again after {kill_database(bench.folder):.1f} s")
    sender.join()
    bench.line("requests cut off / refused, and sent again", f"{answers['cut']:,} / {answers['refused']:,}")
    back = until(lambda: phones.open_now() == people)
    bench.line("all streams open again", f"{people:,}", f"{back:.0f} s after the last answer")
    third, _ = bench.issue("ZL-C")
    until(lambda: bench.one("SELECT count(*) FROM outbox_outboxrow WHERE number IS NULL") == 0)
    phones.told("frames")
    time.sleep(3)
    until(lambda: bench.one(
        "SELECT count(*) FROM orders_recipient WHERE order_id = %s AND state = 'acknowledged'", first
    ) == people)  # fmt: skip
    with bench.connect() as connection:
        kept = [row[0] for row in connection.execute("SELECT id::text FROM orders_receipt")]
        numbers = [
            row[0] for row in connection.execute("SELECT number FROM outbox_outboxrow ORDER BY number")
        ]
    board = bench.one(
        "SELECT acknowledged FROM orders_reachcount WHERE order_id = %s ORDER BY at DESC LIMIT 1", first
    )
    bench.line("receipts: sent, kept, kept twice, lost",
               f"{people:,} {len(kept):,} {len(kept) - len(set(kept)):,} {len(set(ids) - set(kept)):,}")  # fmt: skip
    bench.line("answered stored or known", f"{answers['first'] + answers['second']:,}",
               f"known because the answer was lost: {answers['second']:,}")  # fmt: skip
    bench.line(
        "board, outbox", f"{board:,}", f"numbers without gap: {numbers == list(range(1, len(numbers) + 1))}"
    )
    lines = phones.end()
    stamps = [[stamp for stamp in line[2:] if stamp] for line in lines]
    twice = sum(len(set(one)) != len(one) for one in stamps)
    missed = [line for line, one in zip(lines, stamps, strict=True) if len(one) < 3]
    not_cut = sum(line[1] == 0 for line in missed)
    bench.line(
        "phones that heard all three orders by stream", f"{people - len(missed):,}", f"twice: {twice:,}"
    )
    bench.line("phones cut off before the second: they pull it when back", f"{len(missed):,}",
               f"missed without having been cut: {not_cut}")  # fmt: skip
    with_second = bench.one("SELECT count(*) FROM orders_recipient WHERE order_id = %s", second)
    bench.line(
        "recipients of the second order to be pulled", f"{with_second:,}", f"third order {third[:8]} heard"
    )


@contextmanager
def database(root: Path) -> Iterator[str]:
    """An embedded server of our own."""
    root.chmod(0o711)
    try:
        yield postgres.ensure_running(root).app_url
    finally:
        postgres.stop(root)


def main() -> None:
    """The table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--people", type=int, default=149_000)
    options.add_argument("--kill", action="store_true")
    given = options.parse_args()
    if shutil.which("gcc") is None:
        sys.exit("needs gcc, for the light client")
    with tempfile.TemporaryDirectory(prefix="shanzhi-reach-") as folder:
        bench = Bench(Path(folder), given.people)
        source = ROOT / "bench" / "reach_client" / "phones.c"
        subprocess.run(["gcc", "-O2", "-o", str(bench.folder / "phones"), str(source)], check=True)
        with database(bench.folder):
            connections = postgres.ensure_running(bench.folder)
            bench.url = connections.owner_url
            os.environ |= {"DATABASE_URL": connections.app_url, "SHANZHI_ROOT": folder,
                           "PYTHONPATH": str(ROOT / "src"), "SHANZHI_SECRET_KEY": "bench"}  # fmt: skip
            bench.services.environment = os.environ | {"DATABASE_URL": connections.owner_url}
            bench.migrate()
            bench.services.environment = dict(os.environ)
            bench.fill()
            try:
                (measure_killed if given.kill else measure)(bench)
            finally:
                bench.services.end()


if __name__ == "__main__":
    main()
