"""Lists by duty (按任务列出): who is to be asked, who has missed, who waits for something; never who has what."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils.timezone import localdate

from shanzhi.base.access import Actor
from shanzhi.base.access.capabilities import ISOLATION_CARE, ISOLATION_VIEW
from shanzhi.base.messaging.addresses import digest
from shanzhi.city.places import queries as places
from shanzhi.core.kit.errors import InvalidInput, NotFound
from shanzhi.scenes.isolation import packs, queries
from shanzhi.scenes.isolation.flow import TRANSFER_OPEN
from shanzhi.scenes.isolation.models import Isolation, Service, Slot, Transfer

PAGE = 50
MOST_TASKS = 300
_A_DAY = timedelta(days=1)

_SLOT = "EXISTS (SELECT 1 FROM isolation_slot s WHERE s.area = i.area AND s.isolation_id = i.id AND s.state = 'open'"
_ALIVE = "i.state IN ('isolating', 'proposed', 'monitoring')"
# What each list means. Parameters by name.
DUTIES = {
    "missed": f"{_ALIVE} AND {_SLOT} AND s.due_at <= %(at)s)",
    "duty": f"{_ALIVE} AND {_SLOT} AND s.rung >= %(duty)s)",
    "due": f"{_ALIVE} AND {_SLOT} AND s.opens_at <= %(at)s AND s.due_at > %(at)s)",
    "transfer": "EXISTS (SELECT 1 FROM isolation_transfer t WHERE t.area = i.area AND t.isolation_id = i.id "
    "AND t.ended_at IS NULL)",
    "service": "EXISTS (SELECT 1 FROM isolation_service v WHERE v.area = i.area AND v.isolation_id = i.id "
    "AND v.ended_at IS NULL AND v.for_on <= %(on)s)",
    "release": "i.state = 'proposed' OR (i.state = 'isolating' AND i.release_on <= %(on)s)",
    "referred": "i.state = 'referred'",
    "live": _ALIVE,
}
_COUNTS = ", ".join(f"count(*) FILTER (WHERE {which})" for which in DUTIES.values())
_PLACES = """
SELECT p.id, coalesce(n.name, p.name), p.level, count(*), count(*) FILTER (WHERE {missed}),
  count(*) FILTER (WHERE {duty}), count(*) FILTER (WHERE {transfer}),
  EXISTS (SELECT 1 FROM places_placeclosure d WHERE d.ancestor_id = p.id AND d.depth = 1 AND d.from_on <= %(on)s
    AND (d.to_on IS NULL OR d.to_on > %(on)s))
FROM places_placeclosure up
JOIN places_place p ON p.id = up.descendant_id
LEFT JOIN places_placeversion n ON n.place_id = p.id AND n.from_on <= %(on)s AND (n.to_on IS NULL OR n.to_on > %(on)s)
JOIN places_placeclosure k ON k.ancestor_id = p.id AND k.from_on <= %(on)s AND (k.to_on IS NULL OR k.to_on > %(on)s)
JOIN isolation_isolation i ON i.place_id = k.descendant_id
WHERE up.ancestor_id = ANY(%(tops)s) AND up.depth = %(depth)s AND up.from_on <= %(on)s
  AND (up.to_on IS NULL OR up.to_on > %(on)s) AND ({alive} OR {transfer})
GROUP BY p.id, n.name ORDER BY 5 DESC, p.pinyin, p.id
"""


@dataclass(frozen=True)
class PlaceLine:
    """How a place stands: people cared for, missed check-ins, those at the duty officer, open transfers."""

    id: UUID
    name: str
    level: str
    people: int
    missed: int
    duty: int
    transfers: int
    has_below: bool


def _params(at: datetime) -> dict[str, Any]:
    ladder = [step.code for step in packs.care().ladder]
    duty = ladder.index("duty") + 1 if "duty" in ladder else len(ladder)
    return {"at": at, "on": localdate(at), "duty": duty}


def _scope(actor: Actor, on: date, place_id: UUID | None) -> tuple[str, dict[str, Any]]:
    """Which rows are in sight: under the actor's posts, and under a place where one was chosen."""
    below = places.BELOW_SQL.replace("%s", "{}")
    ways, params = ["TRUE"], {}
    grounds = places.reach(actor, ISOLATION_VIEW)
    if grounds is not None:
        ways.append(f"i.place_id IN ({below.format('%(grounds)s', '%(on)s', '%(on)s')})")
        params["grounds"] = grounds
    if place_id is not None:
        if not places.visible_to(actor, on, ISOLATION_VIEW).filter(id=place_id).exists():
            raise NotFound(field="place")
        ways.append(f"i.place_id IN ({below.format('%(place)s', '%(on)s', '%(on)s')})")
        params["place"] = [place_id]
    return " AND ".join(ways), params


def counts(actor: Actor, at: datetime, place_id: UUID | None = None) -> dict[str, int]:
    """How many people each duty has."""
    scope, more = _scope(actor, localdate(at), place_id)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {_COUNTS} FROM isolation_isolation i WHERE {scope}", _params(at) | more)
        row = cursor.fetchone() or [0] * len(DUTIES)
    return dict(zip(DUTIES, map(int, row), strict=True))


def by_place(actor: Actor, at: datetime, place_id: UUID | None = None) -> list[PlaceLine]:
    """The places right below one, or the actor's own, the most missed first."""
    on = localdate(at)
    if place_id is not None and not places.visible_to(actor, on, ISOLATION_VIEW).filter(id=place_id).exists():
        raise NotFound(field="place")
    tops = [place_id] if place_id else [one.id for one in places.roots_of(actor, on, ISOLATION_VIEW)]
    sql = _PLACES.format(
        missed=DUTIES["missed"], duty=DUTIES["duty"], transfer=DUTIES["transfer"], alive=_ALIVE
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, _params(at) | {"tops": tops, "depth": 1 if place_id else 0})
        return [PlaceLine(*row) for row in cursor.fetchall()]


def people(
    actor: Actor, at: datetime, which: str, *, place_id: UUID | None = None, text: str = "", offset: int = 0
) -> tuple[list[Isolation], bool]:
    """A page of people by duty, the longest silent first; or found by number or whole telephone number."""
    if which not in DUTIES:
        raise InvalidInput(field="which", reason_zh="没有这个列表。", reason_en="There is no such list.")
    scope, more = _scope(actor, localdate(at), place_id)
    wanted = "".join(text.split())
    found, params = DUTIES[which], _params(at) | more
    if wanted:
        # Ended ones too: somebody rings up who was released yesterday.
        found = "i.number = %(text)s OR (i.phone_digest = %(digest)s AND i.phone_digest <> '')"
        params |= {"text": wanted.upper(), "digest": digest(wanted)}
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT i.id FROM isolation_isolation i
            LEFT JOIN LATERAL (SELECT min(s.due_at) AS due_at FROM isolation_slot s WHERE s.area = i.area
              AND s.isolation_id = i.id AND s.state = 'open') o ON TRUE
            WHERE {scope} AND ({found}) ORDER BY o.due_at NULLS LAST, i.begun_at, i.id
            LIMIT {PAGE + 1} OFFSET %(offset)s
            """,
            params | {"offset": max(0, offset)},
        )
        ids = [row_id for (row_id,) in cursor.fetchall()]
    rows = {one.id: one for one in Isolation.objects.filter(id__in=ids[:PAGE]).select_related("compound")}
    return [rows[row_id] for row_id in ids[:PAGE]], len(ids) > PAGE


def open_slots(rows: list[Isolation], at: datetime) -> dict[UUID, list[Slot]]:
    """Isolation id -> its open check-ins that may be answered by now, the newest first."""
    found: dict[UUID, list[Slot]] = {}
    slots = Slot.objects.filter(
        area__in={one.area for one in rows}, isolation_id__in=[one.id for one in rows], state="open",
        opens_at__lte=at,
    ).order_by("-due_at")  # fmt: skip
    for slot in slots:
        found.setdefault(slot.isolation_id, []).append(slot)
    return found


def open_transfers(rows: list[Isolation]) -> dict[UUID, Transfer]:
    """Isolation id -> its open transfer."""
    found = Transfer.objects.filter(
        area__in={one.area for one in rows},
        isolation_id__in=[one.id for one in rows],
        state__in=TRANSFER_OPEN,
    )
    return {one.isolation_id: one for one in found}


@dataclass(frozen=True)
class Tasks:
    """What a worker has to do at the places of their posts."""

    slots: list[Slot]
    services: list[Service]
    transfers: list[Transfer]


def mine(actor: Actor, at: datetime) -> Tasks:
    """Check-ins that nobody answered, services of today, transfers under way: of the worker's own places."""
    on, ladder = localdate(at), [step.code for step in packs.care().ladder]
    worker = ladder.index("worker") + 1 if "worker" in ladder else 1
    grounds = places.reach(actor, ISOLATION_CARE)
    if grounds is not None and not grounds:
        return Tasks([], [], [])
    below = {"place_id__in": places.ids_below(grounds, on)} if grounds is not None else {}
    # One of each person, the newest: what was missed earlier is made up for at the desk.
    silent: dict[UUID, Slot] = {}
    rows = Slot.objects.filter(state="open", rung__gte=worker, due_at__gt=at - _A_DAY, **below)
    for slot in rows.select_related("isolation__compound").order_by("-due_at", "id")[: 2 * MOST_TASKS]:
        silent.setdefault(slot.isolation_id, slot)
    slots = sorted(silent.values(), key=lambda slot: (slot.due_at, slot.id))[:MOST_TASKS]
    services = (
        Service.objects.filter(ended_at=None, for_on__lte=on, **below)
        .select_related("isolation__compound")
        .order_by("for_on", "placed_at", "id")[:MOST_TASKS]
    )
    transfers = (
        Transfer.objects.filter(ended_at=None, **below)
        .select_related("isolation__compound")
        .order_by("due_at", "id")[:MOST_TASKS]
    )
    return Tasks(slots, list(services), list(transfers))


def places_of(rows: list[Isolation], on: date) -> dict[UUID, str]:
    """Place id -> name, for these people."""
    return queries.place_names([one.place_id for one in rows], on)
