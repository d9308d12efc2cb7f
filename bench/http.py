"""Create a report and list open cases through the real server, beside Django REST framework and a bare view.

Each server is granian with `--workers` workers of four threads; database, rows, sign-in and load are the same
for all. Goals: create at least 2x DRF, list at least 3x DRF, both at least 0.8x the bare view; p99 of the list
at 32 connections at most 100 ms. `python bench/http.py [--cases 1000000] [--seconds 5] [--workers 1]`.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# This file is called http: its folder must not stand before the standard library.
sys.path = [
    str(ROOT / "src"),
    str(ROOT),
    *(path for path in sys.path if Path(path).resolve() != ROOT / "bench"),
]

import argparse  # noqa: E402
import http.client  # noqa: E402
import json  # noqa: E402
import os  # noqa: E402
import socket  # noqa: E402
import subprocess  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable, Iterator  # noqa: E402
from contextlib import ExitStack, contextmanager  # noqa: E402

import psycopg  # noqa: E402
from bench.load import Load, measure  # noqa: E402

from shanzhi.edge.cli import postgres  # noqa: E402

NAME = "shanzhi_bench"
CONNECTIONS = 32
ROUNDS = 3
SERVERS = {
    "shanzhi": "shanzhi.edge.wsgi:application",
    "drf": "bench.http_peers.wsgi:application",
    "bare": "bench.http_peers.wsgi:application",
}

_FILL = """
INSERT INTO cases_case (id, area, number, state, version, channel, kind_id, place_id, unit_id, address, text, lon,
  lat, happened_at, received_at, due_at, warn_at, clock_name, limit_unit, limit_text, closed_at, content_hash)
SELECT gen_random_uuid(), '510107', '510107B' || n,
  CASE WHEN n %% 10 = 0 THEN (ARRAY['reported','accepted','filed','dispatched','signed','handled','inspecting',
    'inspected'])[1 + (n / 10) %% 8] ELSE 'closed' END,
  1, 'resident', k.ids[1 + n %% array_length(k.ids, 1)],
  p.ids[1 + (n::bigint * 7919) %% array_length(p.ids, 1)], NULL,
  'Invented road ' || n, repeat('invented text ', 12), 104.03, 30.63, now() - n * interval '20 seconds',
  now() - n * interval '20 seconds',
  CASE WHEN n %% 10 = 0 THEN now() + (n %% 100000) * interval '3 seconds' END, NULL, 'accept', '', '',
  CASE WHEN n %% 10 <> 0 THEN now() - n * interval '20 seconds' END, '\\x00'
FROM generate_series(1, %s) n,
  (SELECT array_agg(id) AS ids FROM catalogue_kind) k,
  (SELECT array_agg(id ORDER BY code) AS ids FROM places_place WHERE level = 'community') p
"""


def _prepare(owner: str, cases: int) -> dict[str, str]:
    """A database with the demo city and `cases` invented cases, and somebody of one street to sign in."""
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection
    from django.utils.timezone import localdate, now

    from shanzhi.base.access import SYSTEM
    from shanzhi.city.people import actions as people
    from shanzhi.city.places.models import Place
    from shanzhi.edge.cli import demo

    call_command("migrate", verbosity=0)
    demo.seed(samples=False)
    with connection.cursor() as cursor:
        cursor.execute(_FILL, [cases])
        cursor.execute("VACUUM ANALYZE cases_case")
        cursor.execute("VACUUM ANALYZE places_placeclosure")
    street = Place.objects.filter(level="street").order_by("code").first()
    community = Place.objects.filter(level="community", code__startswith=street.code).order_by("code").first()
    account = people.create_account("bench", "Bench", demo.PASSWORD, actor=SYSTEM, at=now())
    people.appoint(
        account.id, "acceptor", street.id, from_on=localdate(now()), actor=SYSTEM, at=now()
    )  # fmt: skip
    return {"place": str(community.id), "password": demo.PASSWORD}


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


@contextmanager
def _server(name: str, workers: int) -> Iterator[int]:
    port = _free_port()
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--no-ws"]
    command += [
        "--port",
        str(port),
        "--workers",
        str(workers),
        "--blocking-threads",
        "4",
        "--log-level",
        "error",
    ]
    environment = os.environ | {"PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}", "BENCH_PEER": name}
    if name != "shanzhi":
        environment["DJANGO_SETTINGS_MODULE"] = "bench.http_peers.settings"
    process = subprocess.Popen([*command, SERVERS[name]], env=environment)
    try:
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait()


def _sign_in(port: int, password: str) -> dict[str, str]:
    """Headers of a signed-in browser."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    body = json.dumps({"username": "bench", "password": password})
    connection.request("POST", "/api/session", body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    answer.read()
    if answer.status != 200:
        raise SystemExit(f"sign-in failed: {answer.status}")
    cookies = dict(
        line.split(";", 1)[0].split("=", 1)
        for name, line in answer.getheaders()
        if name.lower() == "set-cookie"
    )
    return {
        "Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items()),
        "X-CSRFToken": cookies["csrftoken"],
    }


def _get(address: str, headers: dict[str, str]) -> Callable[[], bytes]:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    request = f"GET {address} HTTP/1.1\r\nHost: 127.0.0.1\r\n{lines}\r\n".encode()
    return lambda: request


def _post(address: str, headers: dict[str, str], place: str) -> Callable[[], bytes]:
    from shanzhi.core.kit.ids import uuid7

    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    text = "路口有个坑，电动车绕着走，晚上看不清。" * 15

    def make() -> bytes:
        key = str(uuid7())
        body = json.dumps(
            {
                "id": key, "kind": "010137", "text": text, "lon": 104.05, "lat": 30.64, "place_id": place,
                "address": "示例路与样板街路口东侧", "photos": [],
            },
            ensure_ascii=False,
        ).encode()  # fmt: skip
        head = (
            f"POST {address} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"Idempotency-Key: {key}\r\nContent-Length: {len(body)}\r\n{lines}\r\n"
        )
        return head.encode() + body

    return make


def _measure_all(known: dict[str, str], seconds: float, workers: int) -> dict[str, dict[str, Load]]:
    """All servers side by side and taken in turn, so that none has the warmer database; the best of three."""
    found: dict[str, dict[str, Load]] = {name: {} for name in SERVERS}
    with ExitStack() as stack:
        ports = {name: stack.enter_context(_server(name, workers)) for name in SERVERS}
        headers = _sign_in(ports["shanzhi"], known["password"])
        for round_ in range(ROUNDS + 1):
            for name, port in ports.items():
                create = "/api/reports" if name == "shanzhi" else "/api/cases"
                for verb, make, wanted in (
                    ("list", _get("/api/cases?queue=open&limit=20", headers), 200),
                    ("create", _post(create, headers, known["place"]), 201),
                ):
                    load = measure(port, make, connections=CONNECTIONS, seconds=seconds if round_ else 1)
                    if set(load.statuses) != {wanted}:
                        raise SystemExit(f"{name}: answers other than {wanted}: {load.statuses}")
                    if round_ and (verb not in found[name] or load.rate > found[name][verb].rate):
                        found[name][verb] = load
    return found


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--cases", type=int, default=1_000_000)
    options.add_argument("--seconds", type=float, default=5)
    options.add_argument("--workers", type=int, default=1)
    chosen = options.parse_args()
    was_running = postgres.is_alive(ROOT)
    owner = os.environ.get("DATABASE_URL") or postgres.ensure_running(ROOT).owner_url
    head, _, rest = owner.partition("?")
    url = f"{head.rsplit('/', 1)[0]}/{NAME}" + (f"?{rest}" if rest else "")
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {NAME}")
    os.environ |= {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "shanzhi.edge.settings"}
    try:
        known = _prepare(url, chosen.cases)
        found = _measure_all(known, chosen.seconds, chosen.workers)
    finally:
        with psycopg.connect(owner, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
        if not was_running and "DATABASE_URL" not in os.environ:
            postgres.stop(ROOT)
    print(f"\n{chosen.cases:,} cases, {CONNECTIONS} connections, best of three runs of {chosen.seconds:g} s")
    print(
        f"{'':<10}{'create/s':>10}{'p99 ms':>9}{'vs DRF':>9}{'list/s':>10}{'p50 ms':>9}{'p99 ms':>9}{'vs DRF':>9}"
    )
    for name, loads in found.items():
        create, listed = loads["create"], loads["list"]
        print(
            f"{name:<10}{create.rate:>10,.0f}{create.p99_ms:>9.1f}{create.rate / found['drf']['create'].rate:>8.2f}x"
            f"{listed.rate:>10,.0f}{listed.p50_ms:>9.1f}{listed.p99_ms:>9.1f}"
            f"{listed.rate / found['drf']['list'].rate:>8.2f}x"
        )
    ours, bare = found["shanzhi"], found["bare"]
    print(
        f"beside the bare view: create {ours['create'].rate / bare['create'].rate:.2f}x, "
        f"list {ours['list'].rate / bare['list'].rate:.2f}x"
    )


if __name__ == "__main__":
    main()
