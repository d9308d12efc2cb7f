"""A sweep as Excel: coverage by place, and the doors that remain. No answers, and no names of workers."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.timezone import get_default_timezone

from shanzhi.city.places import queries as places
from shanzhi.city.places.models import Place
from shanzhi.core.documents import Column, Sheet, write_workbook
from shanzhi.work.sweeps import queries
from shanzhi.work.sweeps.door_lists import missed_out
from shanzhi.work.sweeps.models import PlaceCover, Sweep, Turn

MOST_PLACES = 20_000
MOST_DOORS = 50_000
PIECES_AT_ONCE = 500


def _column(zh: str, en: str, is_zh: bool, kind: str = "text") -> Column:
    return Column(zh if is_zh else en, kind)  # type: ignore[arg-type]


def workbook(
    sweep: Sweep, turn: Turn, place_id: UUID | None, scope: list[UUID] | None, at: datetime, *, zh: bool
) -> bytes:
    """Two sheets, in sight of whoever has this `scope`."""
    on = queries.day_of(sweep)
    tops = [place_id] if place_id is not None else sweep.place_ids if scope is None else scope
    rows = PlaceCover.objects.filter(sweep=sweep, turn=turn.number, place_id__in=places.ids_below(tops, on))
    rows = list(rows[:MOST_PLACES])
    known = {place.id: place for place in Place.objects.filter(id__in=[row.place_id for row in rows])}
    lines: list[tuple[Any, ...]] = []
    for row in rows:
        found, place = queries.numbers_of([row]), known[row.place_id]
        lines.append(
            (place.code, place.name, found.doors, found.settled, found.visited, found.absent, found.refused,
             found.vacant, found.help, found.wrong, found.remaining)
        )  # fmt: skip
    headings = (
        ("户数", "Doors"), ("走完", "Settled"), ("已访", "Visited"), ("家中无人", "Nobody home"), ("拒访", "Refused"),
        ("空户", "Vacant"), ("需协助", "Needs help"), ("数据有误", "Wrong data"), ("剩余", "Remaining"),
    )  # fmt: skip
    covered = Sheet(
        "各级覆盖" if zh else "Places",
        [
            _column("代码", "Code", zh), _column("区域", "Place", zh),
            *(_column(*heading, zh, "number") for heading in headings),
        ],
        sorted(lines),
    )  # fmt: skip
    remaining: list[tuple[Any, ...]] = []
    after = 0
    while len(remaining) < MOST_DOORS:
        found = queries.missed(sweep, turn, place_id, scope, after=after, limit=PIECES_AT_ONCE)
        after += len(found)
        for one in missed_out(found, turn.number):
            said = ("家中无人", "Nobody home") if one.result == "absent" else ("未走访", "Not visited")
            remaining.append((one.place, one.address, said[0 if zh else 1], one.revisit_at))
        if len(found) < PIECES_AT_ONCE:
            break
    missed = Sheet(
        "漏访清单" if zh else "Remaining",
        [
            _column("区域", "Place", zh), _column("门牌", "Door", zh), _column("情况", "State", zh),
            _column("约定复访", "Again at", zh, "datetime"),
        ],
        remaining[:MOST_DOORS],
    )  # fmt: skip
    return write_workbook([covered, missed], zone=get_default_timezone(), at=at)
