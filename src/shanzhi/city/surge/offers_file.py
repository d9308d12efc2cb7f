"""People offered, from an Excel or CSV file: every row is checked, one wrong row writes nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils.timezone import get_current_timezone, localdate

from shanzhi.base.access import Actor
from shanzhi.base.access.capabilities import SURGE_OFFER
from shanzhi.city.people.models import Unit
from shanzhi.city.places.levels import Level
from shanzhi.city.places.models import Place
from shanzhi.city.surge import offering, queries, skills
from shanzhi.city.surge.checking import check_days
from shanzhi.city.surge.offering import NewOffer
from shanzhi.core.documents import Column, RowError, Sheet, read_table, require_columns, write_workbook
from shanzhi.core.kit.errors import InvalidInput, ShanzhiError
from shanzhi.core.kit.texts import phone_of, text_of

MAX_FILE_BYTES = 5 * 1024 * 1024
COLUMNS = {
    "单位": "unit", "姓名": "name", "电话": "phone", "技能": "skills", "居住社区": "home", "开始日期": "from_on",
    "结束日期": "to_on",
}  # fmt: skip
_HEADINGS = {field: heading for heading, field in COLUMNS.items()}


@dataclass(frozen=True)
class OffersReport:
    """What an import did, or would do; `unchanged` rows are on offer already."""

    dry_run: bool
    rows: int
    created: int
    unchanged: int
    errors: list[RowError]


class _Homes:
    """Communities by code, by name, and by street and name."""

    def __init__(self, on: date) -> None:
        self._found: dict[str, set[UUID]] = {}
        for place_id, code, name in Place.objects.filter(level=Level.COMMUNITY, closed_on=None).values_list(
            "id", "code", "name"
        ):
            self._found.setdefault(code, set()).add(place_id)
            self._found.setdefault(name, set()).add(place_id)
            if name.endswith(("社区", "社区居委会", "村", "村委会")):
                self._found.setdefault(name.replace("居委会", "").replace("村委会", "村"), set()).add(
                    place_id
                )

    def find(self, text: str) -> UUID | None:
        """The community; None for an empty cell. Raises InvalidInput when there is none, or more than one."""
        if not text:
            return None
        found = self._found.get(text.replace(" ", ""), set())
        if len(found) == 1:
            return next(iter(found))
        what = ("重名，请填写 12 位代码", "more than one has this name: give the code") if found else (
            "未找到，请填写社区全名或 12 位代码", "not found: give the full name or the code"
        )  # fmt: skip
        raise InvalidInput(
            field="home", reason_zh=f"居住社区“{text[:30]}”{what[0]}。", reason_en=f"{text[:30]}: {what[1]}."
        )


def _day(text: str, field: str) -> date:
    try:
        return date.fromisoformat(text[:10].replace("/", "-").replace(".", "-"))
    except ValueError as error:
        raise InvalidInput(
            field=field, reason_zh="日期应写作 2026-01-31。", reason_en="Write the day as 2026-01-31."
        ) from error


def _read(
    cells: Mapping[str, str],
    units: Mapping[str, Unit],
    homes: _Homes,
    days: tuple[date, date] | None,
    today: date,
) -> tuple[Unit, NewOffer]:
    unit = units.get(cells["unit"])
    if unit is None:
        raise InvalidInput(
            field="unit", reason_zh=f"没有“{cells['unit'][:30]}”这个单位，或您不能代它派出人员。",
            reason_en=f"There is no unit {cells['unit'][:30]}, or you may not offer its people.",
        )  # fmt: skip
    name = text_of(cells["name"], "name", "姓名", "The name", 60)
    begin = _day(cells["from_on"], "from_on") if cells["from_on"] or not days else days[0]
    end = _day(cells["to_on"], "to_on") if cells["to_on"] or not days else days[1]
    check_days(begin, end, today)
    return unit, NewOffer(
        name=name, phone=phone_of(cells["phone"]), skills=skills.checked(skills.split(cells["skills"])),
        home_id=homes.find(cells["home"]), from_on=begin, to_on=end,
    )  # fmt: skip


def import_offers(
    content: bytes, *, days: tuple[date, date] | None, actor: Actor, at: datetime, dry_run: bool
) -> OffersReport:
    """Offer the people of a file (批量派出). Empty days of a row are `days`.

    With an error in any row nothing is written. Raises Refused; InvalidInput for a file that cannot be used at all.
    """
    actor.require(SURGE_OFFER)
    today = localdate(at)
    table = read_table(
        content,
        max_bytes=MAX_FILE_BYTES,
        max_unpacked_bytes=20 * MAX_FILE_BYTES,
        max_rows=offering.MOST_OFFERS,
    )
    fields = [COLUMNS.get(heading.strip().rstrip("*"), "") for heading in table[0]]
    require_columns(fields, ["unit", "name"], COLUMNS)
    units: dict[str, Unit] = {}
    for unit in queries.units_to_offer_for(actor, today).select_related("place"):
        units[unit.code] = units[unit.name] = unit
    homes, errors, unchanged = _Homes(today), [], 0
    wanted: dict[UUID, list[NewOffer]] = {}
    seen: dict[tuple[UUID, str], int] = {}
    rows = 0
    for number, line in enumerate(table[1:], start=2):
        if not any(line):
            continue
        rows += 1
        cells = dict.fromkeys(_HEADINGS, "") | dict(zip(fields, line, strict=False))
        try:
            unit, new = _read(cells, units, homes, days, today)
            if (first := seen.setdefault((unit.id, new.name), number)) != number:
                raise InvalidInput(
                    field="name",
                    reason_zh=f"与第 {first} 行是同一人。",
                    reason_en=f"The same person as in row {first}.",
                )
            assert new.from_on is not None
            assert new.to_on is not None
            if offering.is_offered(unit.id, new.name, None, new.from_on, new.to_on):
                unchanged += 1
            else:
                wanted.setdefault(unit.id, []).append(new)
        except ShanzhiError as error:
            heading = _HEADINGS.get(error.field, error.field)
            errors.append(RowError(number, heading, error.sentence("zh"), error.sentence("en")))
    created = sum(map(len, wanted.values()))
    if not dry_run and not errors:
        with transaction.atomic():
            for unit_id in sorted(wanted):
                offering.offer_people(unit_id, wanted[unit_id], actor=actor, at=at)
    return OffersReport(dry_run, rows, created, unchanged, errors)


def template(at: datetime) -> bytes:
    """An empty file with the headings, one line as an example, and what may be filled in."""
    begin = localdate(at) + timedelta(days=1)
    example = [
        "示例单位",
        "张示例",
        "02800000000",
        "驾驶、物资搬运",
        "示例社区",
        begin,
        begin + timedelta(days=14),
    ]
    notes = [
        ("单位", "必填；单位全名或代码"), ("姓名", "必填"), ("电话", "选填；加密保存，返回后清除"),
        ("技能", "选填；可填：" + "、".join(one.zh for one in skills.known().values())),
        ("居住社区", "选填；社区全名或 12 位代码，用于就近分派，不填详细住址"),
        ("开始日期", "选填；不填则用页面上选择的日期"), ("结束日期", "选填；这一天起不再在岗"),
    ]  # fmt: skip
    return write_workbook(
        [
            Sheet("下沉人员", [Column(heading, width=16) for heading in COLUMNS], [example]),
            Sheet("填写说明", [Column("列", width=12), Column("说明", width=60)], notes),
        ],
        zone=get_current_timezone(),
        at=at,
    )
