"""Visits of a sweep through the phones' sync door on one machine, in batches of 20; beside its peers in the same run.

    python bench/sweep.py [--share 0.11] [--requests 11000] [--intake 2] [--rounds 3] [--city | --kill]

Needs gcc. Runs an embedded database of its own in a temporary folder with a district of 930,000 invented households
(`edge/cli/drill_city`), freezes its doors (`--city`: 8.5 million as well), then starts intake, relay and folding and
lets simulated phones send what they found, as fast as may be: token, raw submission kept, keyed hash for 409,
duplicates, outbox and coverage are all in it. Client and servers share the processors. The best round counts, ratios
of one round decide. `--kill` kills intake, folding and PostgreSQL (-9) in the middle and counts ids afterwards.

Peers: the same rows one request each; a bare COPY. The bare COPY has the rows of this round as text made beforehand,
into a table like that of visits (primary key, both indexes, the column of the writing transaction), on one connection
that does nothing else, a durable commit each 2,000, the server's settings the same. It reads no JSON, knows no token,
looks up no door, compares no hash, keeps no raw text, and tells nobody. It cannot be given more than one processor,
where ours has two to share with its load.

Measured on 2 cores of an otherwise idle, slow machine, 28 November 2026, with the column that marks simulated visits:

| round of 220,000 visits | 1 (best) | 2 | 3 |
|---|---|---|---|
| visits durable a second | 26,232 | 24,952 | 22,867 |
| oldest coverage while they came | 1.0 s | 1.1 s | 1.1 s |
| processor time of the servers a visit | 66 µs | 70 µs | 75 µs |
| the same again (known), a second | 48,003 | 55,724 | 49,372 |
| one request each, a second; ours | 4,006; 6.6 x | 5,019; 5.0 x | 4,278; 5.4 x |
| bare COPY, a second; ours of it | 70,071; 0.37 | 67,346; 0.37 | 70,110; 0.33 |

The snapshot of 928,620 doors took 1.25 s, their work lists in the order of doors 4.63 s.

`--kill`: 100,000 sent, 100,000 kept, none twice, none lost, each with its raw text; 16,944 requests cut off and sent
again, 126 of them known. Before (rows by INSERT … SELECT over 13 columns, doors folded one by one in Python):
8,152–9,724 a second, 0.12–0.16 of the bare COPY, 95–105 µs a visit.
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
import hashlib  # noqa: E402
import json  # noqa: E402
import os  # noqa: E402
import shutil  # noqa: E402
import subprocess  # noqa: E402
import tempfile  # noqa: E402
import threading  # noqa: E402
import time  # noqa: E402
from collections.abc import Iterator, Sequence  # noqa: E402
from datetime import UTC, datetime, timedelta  # noqa: E402
from typing import Any  # noqa: E402
from uuid import UUID  # noqa: E402

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shanzhi.edge.settings")

from bench.reach import database, kill_database  # noqa: E402
from bench.reach_client.harness import Bench, free_port, listens, send, until  # noqa: E402

from shanzhi.core.kit.ids import uuid7  # noqa: E402
from shanzhi.edge.cli import postgres  # noqa: E402
from shanzhi.edge.cli.home import find_home  # noqa: E402

BATCH = 20
SINGLES = 8_000
Door = tuple[str, UUID, int, str, UUID]  # area, piece, door, token, account

_TOKENS = """
INSERT INTO people_devicetoken (id, hash, account_id, device_name, created_at)
SELECT gen_random_uuid(), g.hash, g.id, '手机', now() FROM unnest(%s::uuid[], %s::bytea[]) AS g (id, hash)
"""
_WORKERS = """
SELECT p.area, p.id, p.doors, o.account_id FROM sweeps_piece p
JOIN LATERAL (SELECT account_id FROM people_post o WHERE o.place_id = p.place_id AND o.kind_id = 'grid_worker'
  ORDER BY o.id LIMIT 1) o ON TRUE
WHERE p.sweep_id = %s ORDER BY p.id
"""
_KEPT = "SELECT count(*) FROM sweeps_visit WHERE sweep_id = %s"
_OWN = """
SELECT count(DISTINCT (v.submission_id, v.position)) FROM sweeps_visit v
JOIN sweeps_submission s ON s.id = v.submission_id AND s.raw IS NOT NULL WHERE v.sweep_id = %s
"""
_SUMS = "SELECT visited + absent + refused + vacant + help + wrong FROM sweeps_turn WHERE sweep_id = %s"


def issue(place: Any, at: datetime) -> tuple[Any, float]:
    """A sweep over a place, issued: the sweep, and the seconds that the issue took (snapshot, turn, roll-ups)."""
    from shanzhi.city.people.models import Account
    from shanzhi.city.people.queries import actor_for_account
    from shanzhi.work.sweeps import actions
    from shanzhi.work.sweeps.drafting import Draft

    lead, boss = (
        actor_for_account(Account.objects.get(username=name).id, "desk", at.date())
        for name in ("drill_lead", "drill_boss")
    )
    assert lead is not None and boss is not None
    draft = Draft(
        title="示例逐户询问", place_ids=[place.id], targets=["homes"], form="health_check", cadence="once",
        until_at=at + timedelta(hours=20), is_drill=True,
    )  # fmt: skip
    sweep = actions.create(draft, actor=lead, at=at)
    actions.perform(sweep.id, "propose", actor=lead, at=at)
    begun = time.monotonic()
    sweep = actions.perform(sweep.id, "issue", actor=boss, at=at)
    return sweep, time.monotonic() - begun


def freeze(bench: Bench, place: Any, rounds: int, goal: str) -> Any:
    """The best of some snapshots; the last sweep. Then the lists of all its workers."""
    from shanzhi.work.sweeps import sharing
    from shanzhi.work.sweeps.models import Turn

    at, found = datetime.now(UTC), []
    for _ in range(rounds):
        sweep, seconds = issue(place, at)
        found.append(seconds)
    bench.line(f"snapshot of {sweep.doors:,} doors, with turn and roll-ups", f"{min(found):.2f} s", goal)
    begun = time.monotonic()
    groups = sharing.share(sweep, Turn.objects.get(sweep=sweep), at)
    bench.line("work lists in the order of doors", f"{time.monotonic() - begun:.2f} s", f"{groups:,} groups")
    return sweep


def doors_of(bench: Bench, sweep_id: UUID, tokens: dict[UUID, str]) -> list[Door]:
    """Every door with the worker of its micro-grid."""
    with bench.connect() as connection:
        rows = connection.execute(_WORKERS, [sweep_id]).fetchall()
    return [
        (area, piece, n, tokens[account], account)
        for area, piece, doors, account in rows
        for n in range(doors)
    ]


def give_tokens(bench: Bench) -> dict[UUID, str]:
    """A phone for every worker: account -> token."""
    with bench.connect() as connection:
        accounts = [
            row[0]
            for row in connection.execute(
                "SELECT DISTINCT account_id FROM people_post WHERE kind_id = 'grid_worker'"
            )
        ]
        tokens = {one: f"szd_{hashlib.sha256(one.bytes).hexdigest()[:43]}" for one in accounts}
        connection.execute(
            _TOKENS, [accounts, [hashlib.sha256(tokens[one].encode()).digest() for one in accounts]]
        )
        connection.execute("ANALYZE")
    return tokens


def visit(door: Door, number: int, at: datetime) -> dict[str, Any]:
    """What a phone found: four of five at home, one in a thousand in need of help."""
    area, piece, nth, _, _ = door
    found: dict[str, Any] = {
        "id": str(uuid7()), "area": area, "piece": str(piece), "door": nth, "result": "visited",
        "happened_at": (at - timedelta(seconds=(number * 7919) % 3600)).isoformat(),
    }  # fmt: skip
    if number % 5 == 4:
        found |= {"result": "absent"}
    elif number % 1000 == 501:
        found |= {"result": "help", "note": "示例：需要送药"}
    else:
        found["answers"] = {
            "people": 1 + number % 5,
            "temperature": 36.2 + number % 9 / 10,
            "symptoms": False,
        }
    return found


def requests(path: Path, batches: Sequence[tuple[str, list[dict[str, Any]]]]) -> None:
    """Requests as the client sends them."""
    with path.open("wb") as out:
        for token, items in batches:
            body = json.dumps({"items": items}, ensure_ascii=False, separators=(",", ":")).encode()
            text = (
                b"POST /api/intake/visits HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + token.encode()
                + b"\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body
            )  # fmt: skip
            out.write(b"%d\n%s" % (len(text), text))


def batches_of(doors: Sequence[Door], size: int, at: datetime) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Doors of one worker at a time, `size` in a request."""
    begin = 0
    while begin < len(doors):
        end = begin
        while end < len(doors) and end - begin < size and doors[end][3] == doors[begin][3]:
            end += 1
        yield doors[begin][3], [visit(doors[n], n, at) for n in range(begin, end)]
        begin = end


class Watch:
    """Looks at the coverage all the time, as a board does; afterwards it says how old it was."""

    def __init__(self, bench: Bench, sweep_id: UUID) -> None:
        self.bench, self.sweep_id = bench, sweep_id
        self.seen: list[tuple[float, int]] = []
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._look, daemon=True)
        self.thread.start()

    def _look(self) -> None:
        with self.bench.connect() as connection:
            while not self.stop.wait(0.2):
                row = connection.execute(_SUMS, [self.sweep_id]).fetchone()
                self.seen.append((time.time(), row[0] if row else 0))

    def stalest(self, before: int) -> float:
        """The greatest age of the coverage: of the oldest visit that was stored but not yet in it."""
        self.stop.set()
        self.thread.join()
        with self.bench.connect() as connection:
            received = [
                row[0].timestamp()
                for row in connection.execute(
                    "SELECT received_at FROM sweeps_visit WHERE sweep_id = %s ORDER BY received_at",
                    [self.sweep_id],
                )
            ]
        ages = [
            at - received[count]
            for at, count in self.seen
            if before <= count < len(received) and received[count] < at
        ]
        return max(ages, default=0.0)


def processor_seconds(bench: Bench) -> float:
    """Processor time so far of intake, worker and PostgreSQL: it tells the cost whatever else goes on."""
    server = postgres.server_process(find_home(bench.folder))
    groups = {process.pid for _, process in bench.services.running.values()}
    ticks = 0
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[2]) in groups or server in (int(entry.name), int(fields[1])):
                ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def start(bench: Bench, intake: int) -> int:
    """Intake, relay and folding; the port of intake."""
    port = free_port()
    granian = [
        sys.executable, "-m", "granian", "--interface", "asgi", "--host", "127.0.0.1", "--no-ws", "--log-level",
        "error", "--backlog", "4096", "--http", "1", "--backpressure", "20000", "--workers", str(intake), "--port",
        str(port), "shanzhi.edge.intake.asgi:application",
    ]  # fmt: skip
    bench.services.start("intake", granian)
    bench.services.start("worker", [sys.executable, "-m", "shanzhi.edge.cli.worker", "relay", "visits"])
    threading.Thread(target=bench.services.look_after, daemon=True).start()
    until(lambda: listens(port))
    return port


def copied(bench: Bench, sweep_id: UUID, limit: int) -> float:
    """The peer of storing: the same rows by COPY, text made beforehand, a commit each 2,000; rows a second."""
    with bench.connect() as connection:
        connection.execute("DROP TABLE IF EXISTS bench_visit")
        connection.execute("CREATE TABLE bench_visit (LIKE sweeps_visit INCLUDING ALL)")
        lines: list[bytes] = []
        columns = (
            "id, area, sweep_id, piece_id, turn, door, result, account_id, happened_at, received_at, revisit_at, "
            "submission_id, position, hash"
        )
        with connection.cursor().copy(
            f"COPY (SELECT {columns} FROM sweeps_visit WHERE sweep_id = '{sweep_id}' ORDER BY received_at "
            f"LIMIT {limit}) TO STDOUT"
        ) as copy:
            for line in copy:
                lines.append(bytes(line))
        portions = [b"".join(lines[n : n + 2000]) for n in range(0, len(lines), 2000)]
        begun = time.monotonic()
        for portion in portions:
            with (
                connection.transaction(),
                connection.cursor().copy(f"COPY bench_visit ({columns}) FROM STDIN") as copy,
            ):
                copy.write(portion)
        seconds = time.monotonic() - begun
        connection.execute("DROP TABLE bench_visit")
    return len(lines) / seconds


def by_turn(doors: list[Door]) -> list[Door]:
    """Each worker's first twenty doors, then everybody's next: as many workers as there are send at a time."""
    return [doors[n] for n in sorted(range(len(doors)), key=lambda n: (doors[n][2] // BATCH, n))]


def measure_killed(bench: Bench, place: Any, options: argparse.Namespace) -> None:
    """Intake, folding and PostgreSQL killed (-9) while visits come in; then ids are counted."""
    sweep, _ = issue(place, datetime.now(UTC))
    tokens = give_tokens(bench)
    port = start(bench, options.intake)
    doors = by_turn(doors_of(bench, sweep.id, tokens))[: 5_000 * BATCH]
    path = bench.folder / "visits.requests"
    made = list(batches_of(doors, BATCH, datetime.now(UTC)))
    requests(path, made)
    answers: dict[str, Any] = {}
    needles = '"status":"stored"', '"status":"known"'
    sender = threading.Thread(target=lambda: answers.update(send(bench, port, path, 20, needles)))
    sender.start()
    time.sleep(5)
    for name in ("intake", "worker"):
        bench.services.kill(name)
        bench.line(name, "killed", "in the middle of the visits")
    time.sleep(6)
    bench.line("PostgreSQL", "killed", f"answers again after {kill_database(bench.folder):.1f} s")
    sender.join()
    bench.line("requests cut off / refused, and sent again", f"{answers['cut']:,} / {answers['refused']:,}")
    sent = {one["id"] for _, items in made for one in items}
    with bench.connect() as connection:
        kept = [
            row[0]
            for row in connection.execute("SELECT id::text FROM sweeps_visit WHERE sweep_id = %s", [sweep.id])
        ]
    bench.line("visits: sent, kept, kept twice, lost",
               f"{len(sent):,} {len(kept):,} {len(kept) - len(set(kept)):,} {len(sent - set(kept)):,}",
               f"requests known because the answer was lost: {answers['second']:,}")  # fmt: skip
    bench.line("visits whose own submission is kept", f"{bench.one(_OWN, sweep.id):,}")
    right = until(lambda: bench.one(_SUMS, sweep.id) == len(sent))
    bench.line("coverage right after the last answer", f"{right:.1f} s")


def measure(bench: Bench, place: Any, options: argparse.Namespace) -> None:
    """Snapshot, then rounds of: visits in batches; the same rows one request each; a bare COPY of them."""
    sweep = freeze(bench, place, 3, "goal 6 s for 930,000")
    tokens = give_tokens(bench)
    port = start(bench, options.intake)
    needles = '"status":"stored"', '"status":"known"'
    doors = by_turn(doors_of(bench, sweep.id, tokens))
    each, found = options.requests * BATCH, []
    for turn in range(options.rounds):
        mine = doors[turn * (each + SINGLES) : turn * (each + SINGLES) + each]
        singles = doors[turn * (each + SINGLES) + each : (turn + 1) * (each + SINGLES)]
        if len(singles) < SINGLES:
            break
        at = datetime.now(UTC)
        path = bench.folder / "visits.requests"
        made = list(batches_of(mine, BATCH, at))
        requests(path, made)
        before = bench.one(_KEPT, sweep.id)
        watch, begun, spent = Watch(bench, sweep.id), time.time(), processor_seconds(bench)
        fast = send(bench, port, path, 0, needles)
        ended = time.time()
        stored = bench.one(_KEPT, sweep.id) - before
        right = until(lambda before=before, stored=stored: bench.one(_SUMS, sweep.id) == before + stored)
        spent = processor_seconds(bench) - spent
        age = watch.stalest(before)
        rate = stored / (ended - begun)
        bench.line("  processor time of the servers a visit", f"{spent / stored * 1e6:.0f} us",
                   f"two cores alone: at most {2 * stored / spent:,.0f} /s without the load")  # fmt: skip
        raws = bench.one(
            "SELECT count(*) FROM sweeps_submission WHERE sweep_id = %s AND raw IS NOT NULL", sweep.id
        )
        again = send(bench, port, path, 0, needles)
        other = bench.folder / "other.requests"
        requests(other, [(token, [one | {"note": "x"} for one in items]) for token, items in made[:500]])
        count = bench.one(_KEPT, sweep.id)
        conflict = send(bench, port, other, 0, ('"status":"conflict"', '"status":"stored"'))
        assert bench.one(_KEPT, sweep.id) == count == before + stored
        single = bench.folder / "single.requests"
        requests(single, list(batches_of(singles, 1, at)))
        one_each = send(bench, port, single, 0, needles)
        singly = len(singles) / one_each["seconds"]
        until(lambda: bench.one(_SUMS, sweep.id) == bench.one(_KEPT, sweep.id))
        bare = copied(bench, sweep.id, each)
        found.append((rate, singly, bare, age, right))
        bench.line(f"round {turn + 1}: {stored:,} visits, {BATCH} in a request", f"{rate:,.0f} /s",
                   f"p99 {fast['p99'] * 1000:.0f} ms; all stored: {stored == len(mine)}")  # fmt: skip
        bench.line(
            "  coverage while they came: at most old", f"{age:.1f} s", f"right {right:.1f} s after; goal 3 s"
        )
        bench.line("  raw submissions kept; the same again", f"{raws:,}",
                   f"{len(mine) / again['seconds']:,.0f} /s known; {conflict['requests']:,} others: 409")  # fmt: skip
        bench.line(
            "  peer: the same rows, one request each", f"{singly:,.0f} /s", f"ours {rate / singly:.2f} x"
        )
        bench.line("  peer: bare COPY, the same indexes, commit each 2,000", f"{bare:,.0f} /s",
                   f"ours {rate / bare:.2f} of it; goal 0.3")  # fmt: skip
    best = max(found)
    bench.line(
        "visits durable, best round", f"{best[0]:,.0f} /s", "goal 10,000 /s on 2 cores shared with the load"
    )


def main() -> None:
    """The table."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--share", type=float, default=0.11)
    given.add_argument("--requests", type=int, default=11_000)
    given.add_argument("--intake", type=int, default=2)
    given.add_argument("--rounds", type=int, default=3)
    given.add_argument("--city", action="store_true", help="the snapshot of 8.5 million, alone")
    given.add_argument("--kill", action="store_true", help="kill intake and PostgreSQL and count ids, alone")
    options = given.parse_args()
    if shutil.which("gcc") is None:
        sys.exit("needs gcc, for the light client")
    with tempfile.TemporaryDirectory(prefix="shanzhi-sweep-") as folder:
        bench = Bench(Path(folder), 0)
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
            os.environ["DATABASE_URL"] = connections.owner_url  # what is made here needs temporary tables
            import django

            django.setup()
            from shanzhi.edge.cli import drill_city

            now = datetime.now(UTC)
            code, share = ("510100", 1.0) if options.city else ("510107", options.share)
            place = drill_city.seed(code, share, now)
            with bench.connect() as connection:
                connection.execute("VACUUM ANALYZE")
            try:
                if options.city:
                    freeze(bench, place, 2, "goal 60 s for 8.5 million")
                elif options.kill:
                    measure_killed(bench, place, options)
                else:
                    measure(bench, place, options)
            finally:
                bench.services.end()


if __name__ == "__main__":
    main()
