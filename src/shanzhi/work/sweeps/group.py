"""Doors by file (名单门户): a list of doors as the priority group of one sweep. All rows or none.

A row says where: address code or name of the compound, building, stairwell, floor, number. Nothing of who lives there
is read. Purpose and basis are stated once, with the sweep, and the list goes with it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils.timezone import get_current_timezone, localdate

from shanzhi.base.access import Actor
from shanzhi.base.access.capabilities import SWEEP_MANAGE
from shanzhi.base.audit import actions as audit
from shanzhi.core.documents import (
    NOTHING,
    Column,
    RowError,
    Sheet,
    read_table,
    require_columns,
    write_workbook,
)
from shanzhi.core.kit.errors import InvalidInput, NotFound
from shanzhi.core.kit.ids import uuid7
from shanzhi.core.kit.texts import text_of
from shanzhi.work.sweeps import packs, queries
from shanzhi.work.sweeps.drafting import home_of
from shanzhi.work.sweeps.flow import DRAFT, SWEEP
from shanzhi.work.sweeps.models import GroupDoor, Sweep, SweepEvent

MAX_FILE_BYTES = 5 * 1024 * 1024
MOST_ROWS = 20_000
COLUMNS = {
    "地址编码": "code", "小区": "compound", "楼栋": "building", "单元": "stairwell", "楼层": "floor",
    "门牌号": "number",
}  # fmt: skip
_HEADINGS = {field: heading for heading, field in COLUMNS.items()}
_IN_ENGLISH = {
    "address code": "code", "compound": "compound", "building": "building", "stairwell": "stairwell",
    "floor": "floor", "number": "number",
}  # fmt: skip
# Every floor of the compounds that a file names, where the sweep goes, with its numbers in the order of its doors.
_FLOORS = """
SELECT c.code, c.name, b.name, f.stairwell, f.floor, f.top, f.area, f.id, f.homes,
  ARRAY(SELECT h.number FROM compounds_home h WHERE h.area = f.area AND h.floor_id = f.id AND NOT h.is_shop
    ORDER BY length(h.number), h.number, h.id)
FROM compounds_compound c
JOIN compounds_building b ON b.area = c.area AND b.compound_id = c.id AND b.closed_on IS NULL
JOIN compounds_floor f ON f.area = b.area AND f.building_id = b.id AND f.closed_on IS NULL
LEFT JOIN compounds_membership m ON m.area = f.area AND m.floor_id = f.id AND m.from_on <= %(on)s
  AND (m.to_on IS NULL OR m.to_on > %(on)s)
WHERE c.closed_on IS NULL AND (c.code = ANY(%(codes)s::text[]) AND c.code <> '' OR c.name = ANY(%(names)s::text[]))
  AND coalesce(m.place_id, c.place_id) IN (SELECT k.descendant_id FROM places_placeclosure k
    WHERE k.ancestor_id = ANY(%(places)s) AND k.from_on <= %(on)s AND (k.to_on IS NULL OR k.to_on > %(on)s))
"""
_LISTED = """
SELECT c.code, c.name, b.name, f.stairwell, f.floor,
  coalesce((SELECT h.number FROM compounds_home h WHERE h.area = f.area AND h.floor_id = f.id AND NOT h.is_shop
    ORDER BY length(h.number), h.number, h.id OFFSET g.door LIMIT 1), '第' || (g.door + 1) || '户')
FROM sweeps_groupdoor g
JOIN compounds_floor f ON f.area = g.area AND f.id = g.floor_id
JOIN compounds_building b ON b.area = f.area AND b.id = f.building_id
JOIN compounds_compound c ON c.area = b.area AND c.id = b.compound_id
WHERE g.sweep_id = %s ORDER BY c.pinyin, b.name, f.stairwell, f.floor, g.door
"""


@dataclass(frozen=True)
class GroupReport:
    """What an import did, or would do, in doors."""

    dry_run: bool
    rows: int
    created: int
    unchanged: int
    errors: list[RowError]


def _mine(sweep_id: UUID, actor: Actor, at: datetime) -> Sweep:
    """A draft that the actor may change, locked. Raises NotFound, UnknownEdge, Refused, OutsideYourPlaces."""
    actor.require(SWEEP_MANAGE)
    if not queries.visible_to(actor, localdate(at)).filter(id=sweep_id).exists():
        raise NotFound(field="id")
    sweep = Sweep.objects.select_for_update().get(id=sweep_id)
    SWEEP.edge(sweep.state, "propose")
    home_of(actor, SWEEP_MANAGE, sweep.place_ids, localdate(at))
    return sweep


def import_doors(
    sweep_id: UUID, content: bytes, purpose: str, basis: str, *, actor: Actor, at: datetime, dry_run: bool
) -> GroupReport:
    """Add the doors of a file to the list of a draft (导入名单). With an error in any row nothing is written.

    Raises NotFound, UnknownEdge, Refused; InvalidInput naming `purpose`, `basis`, or `file` for one without use.
    """
    said = text_of(purpose, "purpose", "用途", "The purpose", 100)
    if basis not in packs.bases():
        raise InvalidInput(
            field="basis",
            reason_zh="请选择依据：本人同意或法定职责。",
            reason_en="Choose consent or statute.",
        )
    table = read_table(
        content, max_bytes=MAX_FILE_BYTES, max_unpacked_bytes=20 * MAX_FILE_BYTES, max_rows=MOST_ROWS
    )
    headings = COLUMNS | _IN_ENGLISH
    fields = [headings.get(heading.strip().rstrip("*").lower(), "") for heading in table[0]]
    require_columns(fields, ["building", "number"], COLUMNS)
    if not {"code", "compound"} & set(fields):
        require_columns(fields, ["code"], COLUMNS)
    rows: list[tuple[int, dict[str, str]]] = []
    for number, line in enumerate(table[1:], start=2):
        if any(line):
            plain = ("" if cell.strip() == NOTHING else cell.strip() for cell in line)
            rows.append((number, dict.fromkeys(_HEADINGS, "") | dict(zip(fields, plain, strict=False))))
    with transaction.atomic():
        sweep = _mine(sweep_id, actor, at)
        found, errors = _read(rows, sweep, at)
        known = set(GroupDoor.objects.filter(sweep=sweep).values_list("floor_id", "door"))
        new = [(area, floor, door) for area, floor, door in found if (floor, door) not in known]
        if not errors and not dry_run:
            GroupDoor.objects.bulk_create(
                GroupDoor(area=area, sweep=sweep, floor_id=floor, door=door, given_at=at)
                for area, floor, door in new
            )
            sweep.group_purpose, sweep.group_basis = said, basis
            sweep.save(update_fields=["group_purpose", "group_basis"])
            _event(sweep, "group", actor, at, f"{len(new)} 户；用途：{said}")
            audit.record(
                actor=actor, event="sweeps.group-imported", subject=str(sweep.id),
                detail={"rows": len(rows), "created": len(new)}, at=at,
            )  # fmt: skip
    return GroupReport(dry_run, len(rows), len(new), len(found) - len(new), errors)


def _event(sweep: Sweep, verb: str, actor: Actor, at: datetime, reason: str) -> None:
    SweepEvent.objects.create(
        sweep=sweep, verb=verb, from_state=sweep.state, to_state=sweep.state, actor_id=actor.account_id,
        actor_name=actor.name[:60], reason=reason[:200], at=at,
    )  # fmt: skip


Key = tuple[str, UUID, int]


def _read(
    rows: list[tuple[int, dict[str, str]]], sweep: Sweep, at: datetime
) -> tuple[list[Key], list[RowError]]:
    """The doors that the rows mean, each once, and what is wrong by row."""
    with connection.cursor() as cursor:
        cursor.execute(
            _FLOORS,
            {"codes": [cells["code"] for _, cells in rows], "names": [cells["compound"] for _, cells in rows],
             "places": sweep.place_ids, "on": localdate(at)},
        )  # fmt: skip
        floors = cursor.fetchall()
    by_compound: dict[tuple[str, str], list[Any]] = {}
    for floor in floors:
        by_compound.setdefault(("code", floor[0]), []).append(floor)
        by_compound.setdefault(("compound", floor[1]), []).append(floor)
    found: dict[Key, int] = {}
    errors: list[RowError] = []
    for number, cells in rows:
        try:
            key = _door(cells, by_compound)
            if (before := found.setdefault(key, number)) != number:
                raise InvalidInput(
                    field="number",
                    reason_zh=f"与第 {before} 行是同一户。",
                    reason_en=f"The same door as row {before}.",
                )
        except InvalidInput as error:
            heading = _HEADINGS.get(error.field, error.field)
            errors.append(RowError(number, heading, error.sentence("zh"), error.sentence("en")))
    return list(found), errors


def _wrong(field: str, zh: str, en: str) -> InvalidInput:
    return InvalidInput(field=field, reason_zh=zh, reason_en=en)


def _plain(text: str, ending: str) -> str:
    return text.strip().removesuffix(ending).strip()


def _door(cells: dict[str, str], by_compound: dict[tuple[str, str], list[Any]]) -> Key:
    """The door that a row means. Raises InvalidInput naming the column."""
    field = "code" if cells["code"] else "compound"
    if not cells[field]:
        raise _wrong(
            "compound", "请填写地址编码或小区名称。", "Give the address code or the name of the compound."
        )
    there = by_compound.get((field, cells[field]), [])
    if not there:
        raise _wrong(
            field,
            f"行动区域内没有“{cells[field][:40]}”。",
            f"There is no {cells[field][:40]} where the sweep goes.",
        )
    if len({(one[0], one[1], one[6]) for one in there}) > 1:
        raise _wrong(
            field, "有多个同名小区，请填写地址编码。", "Several have this name: give the address code."
        )
    there = [
        one
        for one in there
        if one[2] == cells["building"] or _plain(one[2], "栋") == _plain(cells["building"], "栋")
    ]
    if not there:
        raise _wrong(
            "building", f"没有楼栋“{cells['building'][:40]}”。", f"No building {cells['building'][:40]}."
        )
    if cells["stairwell"]:
        there = [one for one in there if _plain(one[3], "单元") == _plain(cells["stairwell"], "单元")]
        if not there:
            raise _wrong(
                "stairwell",
                f"没有单元“{cells['stairwell'][:20]}”。",
                f"No stairwell {cells['stairwell'][:20]}.",
            )
    if cells["floor"]:
        storey = _plain(cells["floor"], "层")
        if not storey.lstrip("-").isdigit() or not storey.isascii():
            raise _wrong("floor", "楼层应为整数。", "The floor is a whole number.")
        there = [one for one in there if one[4] <= int(storey) <= one[5]]
        if not there:
            raise _wrong("floor", f"没有 {storey} 层。", f"There is no floor {storey}.")
    return _numbered(cells["number"], there)


def _numbered(given: str, there: list[Any]) -> Key:
    """The door of a number on these floors, or the nth where no numbers are known."""
    if not given:
        raise _wrong("number", "请填写门牌号。", "Give the number of the door.")
    wanted = _plain(given, "室")
    hits = [
        (one[6], one[7], one[9].index(wanted))
        for one in there
        if wanted in one[9] and one[9].index(wanted) < one[8]
    ]
    if len(hits) > 1:
        raise _wrong(
            "number", "不止一户有这个门牌号，请填写单元和楼层。", "Several: give stairwell and floor."
        )
    if hits:
        return hits[0]
    nth = _plain(given.strip().removeprefix("第"), "户")
    bare = [one for one in there if not one[9]]
    if len(there) == 1 and bare and nth.isascii() and nth.isdigit() and 1 <= int(nth) <= there[0][8]:
        return there[0][6], there[0][7], int(nth) - 1
    if bare:
        raise _wrong(
            "number", "这里没有登记门牌号，请填写单元、楼层和第几户（如 第2户）。",
            "No numbers are known here: give stairwell, floor, and which door (such as 2).",
        )  # fmt: skip
    raise _wrong("number", f"没有门牌号“{given[:20]}”。", f"There is no door {given[:20]}.")


def clear(sweep_id: UUID, *, actor: Actor, at: datetime) -> int:
    """Take the list off a draft (清空名单); how many doors. Raises as `import_doors`."""
    with transaction.atomic():
        sweep = _mine(sweep_id, actor, at)
        gone = clear_rows(sweep.id)
        sweep.group_purpose = sweep.group_basis = ""
        sweep.save(update_fields=["group_purpose", "group_basis"])
        if gone:
            _event(sweep, "ungroup", actor, at, f"{gone} 户")
    return gone


def clear_rows(sweep_id: UUID) -> int:
    """Remove the list of a sweep, in the caller's transaction."""
    return GroupDoor.objects.filter(sweep_id=sweep_id).delete()[0]


def hand_on(old: Sweep, new: Sweep, at: datetime) -> None:
    """A sweep that corrects another begins with its list, in the caller's transaction."""
    doors = GroupDoor.objects.filter(sweep=old).values_list("area", "floor_id", "door")
    made = [
        GroupDoor(id=uuid7(), area=area, sweep=new, floor_id=floor, door=door, given_at=at)
        for area, floor, door in doors
    ]
    if made:
        GroupDoor.objects.bulk_create(made)
        new.group_purpose, new.group_basis = old.group_purpose, old.group_basis
        new.save(update_fields=["group_purpose", "group_basis"])


def count(sweep_id: UUID) -> int:
    """How many doors the list of a sweep has."""
    return GroupDoor.objects.filter(sweep_id=sweep_id).count()


def workbook(sweep: Sweep, *, actor: Actor, at: datetime) -> bytes:
    """The list in the columns of the import (导出名单); recorded. Raises as `import_doors`."""
    with transaction.atomic():
        _mine(sweep.id, actor, at)
        with connection.cursor() as cursor:
            cursor.execute(_LISTED, [sweep.id])
            rows: Iterable[tuple[Any, ...]] = cursor.fetchall()
        audit.record(actor=actor, event="sweeps.group-exported", subject=str(sweep.id), at=at)
    columns = [
        Column(heading, "number" if field == "floor" else "text") for heading, field in COLUMNS.items()
    ]
    return write_workbook([Sheet("名单", columns, list(rows))], zone=get_current_timezone(), at=at)


def is_open(sweep: Sweep) -> bool:
    """Whether its list can be changed."""
    return sweep.state == DRAFT
