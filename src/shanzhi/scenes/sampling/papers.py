"""Slips with a QR code for each household (凭证), and lists as Excel: doors, never people."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.timezone import get_default_timezone

from shanzhi.city.places import queries as places
from shanzhi.city.places.models import Place
from shanzhi.core.documents import Column, Sheet, write_workbook
from shanzhi.core.documents.codes import draw_dots, qr_dots
from shanzhi.core.documents.layout import GREY, INK, LIGHT, Layout
from shanzhi.core.kit.errors import InvalidInput
from shanzhi.scenes.sampling import packs, queries, slots, tickets
from shanzhi.scenes.sampling.flow import RETEST_STATES
from shanzhi.scenes.sampling.models import Campaign, PlaceCount, Point

MOST_SLIPS = 2000
MOST_DOORS = 100_000
_ACROSS, _DOWN, _WIDE, _TALL, _LEFT, _TOP = 2, 5, 92.0, 54.0, 13.0, 12.0


def when(campaign: Campaign, slot: int | None) -> str:
    """A slot in words: 3月9日 08:00—08:30."""
    if slot is None:
        return ""
    on, begin, end = slots.local(campaign, slot)
    return f"{on.month}月{on.day}日 {begin:%H:%M}—{end:%H:%M}"


def slips(campaign: Campaign, place_id: UUID, address: str, at: datetime) -> bytes:
    """A PDF of slips, ten to a page, to be cut and given to doors of a place. `address` is that of the service."""
    doors = queries.doors(campaign, place_id, MOST_SLIPS)
    if not doors:
        raise InvalidInput(
            field="place",
            reason_zh="这里没有凭证。下达后才能打印。",
            reason_en="No tickets: they come with issuing.",
        )
    on = Layout("zh-CN")
    words = packs.templates().get(campaign.template)
    for number, door in enumerate(doors):
        spot = number % (_ACROSS * _DOWN)
        if number and not spot:
            on.pages.append([])
        _slip(on, campaign, door, words.zh.bring if words else "", address, spot)
    return on.to_bytes(at, title=campaign.title, language="zh-CN", around=lambda *_: None)


def _slip(on: Layout, campaign: Campaign, door: queries.Door, bring: str, address: str, spot: int) -> None:
    x, y = _LEFT + spot % _ACROSS * _WIDE, _TOP + spot // _ACROSS * _TALL
    on.box(x, y, _WIDE, _TALL, None, LIGHT)
    dots = qr_dots(f"{address}/r/#/slot/{door.code}")
    on.draw(lambda pdf: draw_dots(pdf, dots, x + _WIDE - 31, y + 14, 28 / len(dots)))
    title = campaign.title + ("（演练）" if campaign.is_drill else "")
    lines = (
        (3.0, title, 11, True, INK, 86.0), (10.0, f"{door.compound} {door.where}", 8, False, GREY, 86.0),
        (16.5, when(campaign, door.slot), 11, True, INK, 56.0), (23.5, door.point or "", 9, False, INK, 56.0),
        (30.0, tickets.grouped(door.code), 15, True, INK, 56.0), (40.0, bring, 7, False, GREY, 86.0),
        (46.0, "突发急病请直接拨打 120，不受时段限制。", 7, False, GREY, 86.0),
    )  # fmt: skip
    for down, text, points, bold, grey, room in lines:
        for number, line in enumerate(
            on.lines(text, room, points, most=2 if room > 60 else 1) if text else []
        ):
            on.text(x + 3, y + down + number * points * 0.5, line, points, room=room, bold=bold, grey=grey)


def _column(zh: str, en: str, is_zh: bool, kind: str = "text") -> Column:
    return Column(zh if is_zh else en, kind)  # type: ignore[arg-type]


def workbook(campaign: Campaign, scope: list[UUID] | None, at: datetime, *, zh: bool) -> bytes:
    """Three sheets in sight of whoever has this `scope`: points, coverage by place, doors that have not come."""
    points = list(queries.points(campaign, scope, campaign.first_on).order_by("number"))
    counts = {
        one.point_id: one for one in queries.counts(campaign, [p.id for p in points]) if not one.table_no
    }
    loads = queries.loads(campaign)
    sheets = [
        Sheet(
            "点位" if zh else "Points",
            [
                _column("序号", "No.", zh, "number"), _column("点位", "Point", zh), _column("地址", "Address", zh),
                _column("台数", "Tables", zh, "number"), _column("计划户", "Doors", zh, "number"),
                _column("计划人", "People", zh, "number"), _column("已到人", "Come", zh, "number"),
                _column("近一小时", "Last hour", zh, "number"),
            ],
            [_point_row(campaign, point, loads, counts) for point in points],
        ),
        Sheet(
            "各级覆盖" if zh else "Coverage",
            [
                _column("代码", "Code", zh), _column("区域", "Place", zh), _column("应到户", "Doors", zh, "number"),
                _column("已到户", "Doors come", zh, "number"), _column("已到人", "People", zh, "number"),
            ],
            _coverage(campaign, scope),
        ),
        Sheet(
            "未到门户" if zh else "Not come",
            [
                _column("微网格", "Micro-grid", zh), _column("小区", "Compound", zh), _column("门户", "Door", zh),
                _column("点位", "Point", zh), _column("时段", "Slot", zh),
            ],
            [
                (door.microgrid, door.compound, door.where, door.point or "", when(campaign, door.slot))
                for door in queries.missing(campaign, None, scope, limit=MOST_DOORS)
            ],
        ),
    ]  # fmt: skip
    return write_workbook(sheets, zone=get_default_timezone(), at=at)


def _point_row(
    campaign: Campaign, point: Point, loads: dict[UUID, tuple[int, int]], counts: dict[UUID, Any]
) -> tuple[Any, ...]:
    doors = loads.get(point.id, (0, 0))[0]
    found = counts.get(point.id)
    people = round(doors * campaign.people_per_home)
    come, hour = (found.come, found.hour) if found else (0, 0)
    return point.number, point.name, point.address, point.tables, doors, people, come, hour


def _coverage(campaign: Campaign, scope: list[UUID] | None) -> list[tuple[Any, ...]]:
    tops = campaign.place_ids if scope is None else scope
    below = places.ids_below(tops, campaign.first_on)
    rows = list(PlaceCount.objects.filter(campaign=campaign, place_id__in=below))
    known = {place.id: place for place in Place.objects.filter(id__in=[row.place_id for row in rows])}
    return sorted(
        (known[row.place_id].code, known[row.place_id].name, row.doors, row.come_doors, row.come_people)
        for row in rows
    )


def retest_workbook(campaign: Campaign, scope: list[UUID] | None, at: datetime, *, zh: bool) -> bytes:
    """The list of households to be sampled again, for those who go there."""
    names = {state.code: (state.zh, state.en) for state in RETEST_STATES}
    rows = [
        (
            line.microgrid,
            line.where,
            line.people,
            line.sampled,
            names[line.state][0 if zh else 1],
            line.barcode,
        )
        for line in queries.retests(campaign, scope, limit=MOST_DOORS)
    ]
    sheet = Sheet(
        "复采名单" if zh else "Re-tests",
        [
            _column("微网格", "Micro-grid", zh), _column("门户", "Door", zh), _column("人数", "People", zh, "number"),
            _column("已复采", "Sampled", zh, "number"), _column("状态", "State", zh), _column("原管", "Tube", zh),
        ],
        rows,
    )  # fmt: skip
    return write_workbook([sheet], zone=get_default_timezone(), at=at)
