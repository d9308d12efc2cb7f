"""Simulated people go from door to door (模拟走访): the lists of a drill's sweeps, by the door of real phones.

Each who acknowledged walks their own list from then on; what is at a door, and how long it takes, is drawn by
`core.planning.visits` from the seed. A door where somebody has been, simulated or real, is passed over, and the ids
of visits follow from the door, so each is visited once whatever breaks in between.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import msgspec
import numpy as np
from django.db import connection
from django.utils.timezone import localdate
from numpy.typing import NDArray

from shanzhi.command.drills.packs import DoorsGiven
from shanzhi.command.drills.people import Floats, travel
from shanzhi.core.kit.outcomes import STORED
from shanzhi.core.planning import Crew, DoorKinds, Doors, simulate_visits
from shanzhi.core.planning.visits import Outcome
from shanzhi.work.forms import queries as forms
from shanzhi.work.forms.packs import Form
from shanzhi.work.sweeps import visits
from shanzhi.work.sweeps.flow import BYTES
from shanzhi.work.sweeps.models import Share, Sweep, Turn, TurnPiece

BATCH = 2000
HELP = "模拟：需要协助"
_RESULTS = {
    Outcome.visited: "visited",
    Outcome.helped: "help",
    Outcome.refused: "refused",
    Outcome.away: "absent",
}


@dataclass(frozen=True)
class Lists:
    """The lists of a turn: people (w,) with `indptr` (w + 1,) into doors (d,), and what each comes to.

    `piece` (d,) is the place of a door's piece in `pieces`, `door` (d,) its number there. `after` (d,) are the
    seconds from a person's first step on their way to the end of the last visit; `outcome` (d,) what it was.
    """

    accounts: list[UUID]
    indptr: NDArray[np.int64]
    pieces: list[tuple[str, UUID]]
    piece: NDArray[np.int32]
    door: NDArray[np.int32]
    after: Floats
    outcome: NDArray[np.int8]


def lists_of(sweep_id: UUID, turn: int, given: DoorsGiven, seed: int) -> Lists:
    """Read the lists of a turn, and draw what happens at their doors, as if everybody set off at second 0."""
    shares = Share.objects.filter(sweep_id=sweep_id, turn=turn).order_by("account_id", "position")
    accounts: list[UUID] = []
    counts: list[int] = []
    pieces: dict[tuple[str, UUID], int] = {}
    piece, door = [], []
    columns = shares.values_list("account_id", "area", "piece_id", "doors")
    for account_id, area, piece_id, doors in columns.iterator(chunk_size=5000):
        if not accounts or accounts[-1] != account_id:
            accounts.append(account_id)
            counts.append(0)
        counts[-1] += len(doors)
        number = pieces.setdefault((area, piece_id), len(pieces))
        piece.append(np.full(len(doors), number, np.int32))
        door.append(np.array(doors, np.int32))
    indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    found = simulate_visits(
        Doors(indptr, walk=given.walk_seconds),
        DoorKinds(
            median=given.door_median, sigma=given.door_sigma, away=given.away, refuses=given.refuses,
            helps=given.helps, help_median=given.help_median,
        ),
        Crew(travel(given, seed, accounts) if accounts else np.zeros(0)), seed=seed, revisits=given.revisits,
        revisit_seconds=given.revisit_seconds,
    )  # fmt: skip
    empty = np.zeros(0, np.int32)
    return Lists(
        accounts, indptr, list(pieces), np.concatenate(piece) if piece else empty,
        np.concatenate(door) if door else empty, np.asarray(found.finished, np.float64), found.outcome,
    )  # fmt: skip


_STAMP = "SELECT count(*), max(id::text) FROM sweeps_share WHERE sweep_id = %s AND turn = %s"
_MOST_KEPT = 2
_KEPT: dict[tuple[UUID, int, DoorsGiven, int], tuple[object, Lists]] = {}


def kept_lists(sweep_id: UUID, turn: int, given: DoorsGiven, seed: int) -> Lists:
    """The same, as they were read before unless they have been divided anew since."""
    with connection.cursor() as cursor:
        cursor.execute(_STAMP, [sweep_id, turn])
        stamp = cursor.fetchone()
    key = sweep_id, turn, given, seed
    known = _KEPT.pop(key, None)
    if known is None or known[0] != stamp:
        known = stamp, lists_of(sweep_id, turn, given, seed)
    _KEPT[key] = known
    while len(_KEPT) > _MOST_KEPT:
        del _KEPT[next(iter(_KEPT))]
    return known[1]


def forget() -> None:
    """Let go of lists that were kept: a drill is over."""
    _KEPT.clear()


def open_doors(lists: Lists, sweep_id: UUID, turn: int) -> NDArray[np.bool_]:
    """Of each door of the lists, whether nobody has been there."""
    numbers = {one: number for number, one in enumerate(lists.pieces)}
    states: list[bytes] = [b""] * len(numbers)
    rows = TurnPiece.objects.filter(sweep_id=sweep_id, turn=turn).values_list("area", "piece_id", "states")
    for area, piece_id, found in rows.iterator(chunk_size=5000):
        if (number := numbers.get((area, piece_id))) is not None:
            states[number] = bytes(found)
    begins = np.concatenate([[0], np.cumsum([len(one) for one in states])]).astype(np.int64)
    flat = np.frombuffer(b"".join(states), np.uint8)
    return np.asarray(flat[begins[lists.piece] + lists.door] == BYTES["open"], np.bool_)


@dataclass(frozen=True)
class Due:
    """Visits that are due (n,), in the order of their instants: places in the lists, and seconds."""

    numbers: NDArray[np.int64]
    seconds: Floats
    workers: NDArray[np.int64]


def due(lists: Lists, starts: Floats, is_open: NDArray[np.bool_], now: float, most: int) -> Due:
    """The first `most` visits up to second `now`; `starts` (w,) is when each sets off, inf for who does not.

    What is older than the door takes is gone.
    """
    workers = np.repeat(np.arange(len(lists.accounts)), np.diff(lists.indptr))
    seconds = np.asarray(starts, np.float64)[workers] + lists.after
    oldest = now - visits.OLDEST.total_seconds()
    found = np.flatnonzero((seconds <= now) & (seconds > oldest) & is_open)
    found = found[np.argsort(seconds[found], kind="stable")][:most]
    return Due(found, seconds[found], workers[found])


class Walkers:
    """Simulated people with the lists of one turn of a drill sweep."""

    def __init__(self, sweep: Sweep, turn: Turn, lists: Lists) -> None:
        assert sweep.is_drill and sweep.issued_at is not None
        self.lists, self.turn = lists, turn.number
        self.begun_at: datetime = max(turn.opens_at, sweep.issued_at)
        self._form = forms.form(sweep.form, sweep.form_version)

    def send(self, found: Due, at: datetime) -> int:
        """Give visits to their own door, marked as simulated, in the caller's transaction; how many were stored."""
        stored = 0
        triples = list(
            zip(found.numbers.tolist(), found.seconds.tolist(), found.workers.tolist(), strict=True)
        )
        for start in range(0, len(triples), BATCH):
            given = [
                visits.submission(
                    self.lists.accounts[worker], visits.read(msgspec.json.encode(self._item(number, second)))
                )
                for number, second, worker in triples[start : start + BATCH]
            ]
            with connection.cursor() as cursor:
                outcomes = visits.take(cursor, given, at, simulated=True)
            stored += sum(one.status == STORED for one in outcomes)
        return stored

    def _item(self, number: int, second: float) -> dict[str, Any]:
        area, piece = self.lists.pieces[int(self.lists.piece[number])]
        door = int(self.lists.door[number])
        result = _RESULTS[Outcome(int(self.lists.outcome[number]))]
        found: dict[str, Any] = {
            "id": uuid5(piece, f"simulated {self.turn} {door}"), "area": area, "piece": piece, "door": door,
            "turn": self.turn, "result": result,
            "happened_at": self.begun_at + timedelta(seconds=round(second, 3)),
        }  # fmt: skip
        if result == "visited":
            found["answers"] = invented_answers(self._form, door)
        elif result == "help":
            found["note"] = HELP
        return found


_ACKNOWLEDGED = """
SELECT r.account_id, min(extract(epoch FROM r.acknowledged_at - %(begun)s)) FILTER (WHERE r.state <> 'cannot'),
  bool_or(EXISTS (SELECT 1 FROM orders_receipt e WHERE e.area = r.area AND e.recipient_id = r.id
    AND NOT e.simulated AND e.answer NOT IN ('delivered', 'read')))
FROM orders_recipient r JOIN orders_order o ON o.id = r.order_id
WHERE o.activation_id = %(activation)s AND o.issued_at IS NOT NULL AND r.standing = 'own'
GROUP BY r.account_id
"""
_REAL = """
SELECT DISTINCT account_id FROM people_post WHERE kind_id = ANY(%(real)s::text[]) AND account_id = ANY(%(accounts)s)
  AND from_on <= %(on)s AND (to_on IS NULL OR to_on > %(on)s)
"""


def starts(
    accounts: Sequence[UUID], activation_id: UUID, begun: datetime, real_posts: Sequence[str]
) -> Floats:
    """The second after `begun` at which each of these people acknowledged; 0 for whom no order went to.

    Infinity for whoever has not, for holders of `real_posts`, and for whoever answered an order with a phone of their
    own: real people walk for themselves.
    """
    found: dict[UUID, float] = dict.fromkeys(accounts, 0.0)
    with connection.cursor() as cursor:
        cursor.execute(_ACKNOWLEDGED, {"begun": begun, "activation": activation_id})
        for account, second, is_real in cursor.fetchall():
            if account in found:
                found[account] = np.inf if second is None or is_real else max(0.0, float(second))
        held = {"real": list(real_posts), "accounts": list(accounts), "on": localdate(begun)}
        cursor.execute(_REAL, held)
        found |= {account: np.inf for (account,) in cursor.fetchall()}
    return np.array([found[account] for account in accounts], np.float64)


def invented_answers(form: Form, number: int) -> dict[str, Any]:
    """Answers to what a form requires, invented and unremarkable."""
    found: dict[str, Any] = {}
    for section in form.sections:
        for one in section.questions:
            if not one.required:
                continue
            if one.kind == "choice":
                found[one.code] = one.choices[number % len(one.choices)].code
            elif one.kind == "yes_no":
                found[one.code] = number % 7 != 0
            elif one.kind == "date":
                found[one.code] = "2026-01-01"
            elif one.kind == "text":
                found[one.code] = "演练"
            else:
                low = 36.2 if one.kind == "temperature" else one.least or 0.0
                most = one.most if one.most is not None else low + 3
                found[one.code] = min(low + (number % 4 if one.kind == "number" else number % 9 / 10), most)
    return found
