"""A city to replay in (演练城市): places, kinds, units and people for the reports of a file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from django.conf import settings
from django.utils.timezone import localdate

from shanzhi.base.access import SYSTEM, Actor
from shanzhi.city.people import actions as people
from shanzhi.city.people import queries as people_queries
from shanzhi.city.people.models import Account, Post, Unit
from shanzhi.city.places import actions as places
from shanzhi.city.places.models import Place
from shanzhi.city.places.rows import DivisionRow
from shanzhi.core.worktime import Limit
from shanzhi.core.worktime import Unit as LimitUnit
from shanzhi.edge.exchange.feeds import Feed, FeedError
from shanzhi.edge.exchange.staff import ROLES, Desk, Staff
from shanzhi.edge.exchange.target_rules import TargetRules
from shanzhi.work.catalogue import actions as catalogue
from shanzhi.work.catalogue import queries as catalogue_queries
from shanzhi.work.catalogue.models import Condition
from shanzhi.work.catalogue.rows import ConditionRow

PASSWORD = "Shanzhi-2026"
# Where a file says no limit for a type.
USUAL_LIMIT = Limit(10, LimitUnit.working_day)
_MAJOR = "90"


@dataclass
class Town:
    """What the simulated staff work with."""

    area: str
    places: dict[str, UUID]
    conditions: dict[str, Condition]
    units: dict[str, UUID]
    desks: dict[str, Desk]
    unit_desks: dict[UUID, Desk] = field(default_factory=dict)
    lead_desks: dict[UUID, Desk] = field(default_factory=dict)


def build(feed: Feed, rules: TargetRules | None, staff: Staff, at: datetime) -> Town:
    """The city of a file: a district with its neighbourhoods, a kind a type, a unit a queue, and people.

    What is there already stays. Raises FeedError when the mapping has no area.
    """
    area = feed.mapping.area
    if not area:
        raise FeedError("映射缺少 area（六位区划代码）。", "The mapping has no area (six digits).")
    on = localdate(at)
    quarters = _numbered(report.neighbourhood for report in feed.reports)
    types = _numbered(report.type for report in feed.reports)
    queues = _numbered(report.queue or "" for report in feed.reports)
    if not Place.objects.filter(code=area).exists():
        people.load_post_kinds(settings.PACKS / "base" / "posts.yaml", actor=SYSTEM, at=at)
        _make_places(feed, area, quarters, on, at)
        _make_kinds(types, rules, on, at)
        district = Place.objects.get(code=area)
        for name, number in queues.items():
            people.create_unit(
                code=f"{area}-{number:03d}",
                name=name or "未列明单位",
                place_id=district.id,
                actor=SYSTEM,
                at=at,
            )
        _make_people(district, staff, on, at)
    return find(area, at, quarters, types, queues)


def find(
    area: str, at: datetime, quarters: Mapping[str, int], types: Mapping[str, int], queues: Mapping[str, int]
) -> Town:
    """The city that `build` made."""
    codes = {place.code: place.id for place in Place.objects.filter(area=area, level="community")}
    by_kind = {
        rule.kind.code: rule for rule in catalogue_queries.conditions_in_force(localdate(at)) if rule.usable
    }
    units = {unit.code: unit.id for unit in Unit.objects.filter(code__startswith=f"{area}-")}
    town = Town(
        area,
        {name: codes[_community(area, number)] for name, number in quarters.items()},
        {name: by_kind[f"02{_MAJOR}{number:03d}"] for name, number in types.items()},
        {name: units[f"{area}-{number:03d}"] for name, number in queues.items()},
        {},
    )
    man(town, at)
    return town


def man(town: Town, at: datetime) -> None:
    """Put everybody who has a post in the area behind a desk."""
    found: dict[tuple[str, UUID | None], list[Actor]] = {}
    posts = Post.objects.filter(place__area=town.area).order_by("account__username")
    rows = posts.values_list("account_id", "kind_id", "unit_id")
    actors: dict[UUID, Actor] = {}
    for account_id, kind, unit_id in rows:
        if account_id not in actors:
            actor = people_queries.actor_for_account(account_id, "desk", localdate(at))
            assert actor is not None
            actors[account_id] = actor
        found.setdefault((kind, unit_id), []).append(actors[account_id])
    for (kind, unit_id), behind in found.items():
        if unit_id is None:
            town.desks[kind] = Desk(behind)
        elif kind == "unit_handler":
            town.unit_desks[unit_id] = Desk(behind)
        elif kind == "unit_lead":
            town.lead_desks[unit_id] = Desk(behind)


def _numbered(names: Iterable[str]) -> dict[str, int]:
    """Names with numbers from 1, the most frequent first; the same for the same file."""
    counted = sorted(Counter(names).items(), key=lambda pair: (-pair[1], pair[0]))
    if len(counted) > 999:
        raise FeedError("类别、队列或街区超过 999 个。", "More than 999 types, queues or neighbourhoods.")
    return {name: number for number, (name, _) in enumerate(counted, start=1)}


def _community(area: str, number: int) -> str:
    return f"{area}{number:03d}001"


def _make_places(feed: Feed, area: str, quarters: dict[str, int], on: date, at: datetime) -> None:
    name = feed.mapping.name_zh
    listed = [
        (f"{area[:2]}0000", f"{name}（省）", "province"),
        (f"{area[:4]}00", f"{name}（市）", "city"),
        (area, name, "county"),
    ]
    for quarter, number in quarters.items():
        said = quarter.strip() or "未列明街区"
        listed += [
            (f"{area}{number:03d}", said, "street"),
            (_community(area, number), said, "community"),
        ]
    report = places.import_divisions(
        [DivisionRow(row, code, said, level) for row, (code, said, level) in enumerate(listed, start=2)],
        on=on, actor=SYSTEM, at=at, source=feed.mapping.name_en,
    )  # fmt: skip
    if report.errors:
        raise FeedError(report.errors[0].message_zh, report.errors[0].message_en)


_WORDS = {
    LimitUnit.working_day: "工作日",
    LimitUnit.working_hour: "工作时",
    LimitUnit.emergency_hour: "紧急工作时",
    LimitUnit.calendar_day: "自然日",
    LimitUnit.minute: "分钟",
}


def _make_kinds(types: dict[str, int], rules: TargetRules | None, on: date, at: datetime) -> None:
    rows = []
    for name, number in types.items():
        limit = (rules.limits.get(name) if rules else None) or USUAL_LIMIT
        rows.append(
            ConditionRow(
                row=number + 1, family="incident", major_code=_MAJOR, major="外部数据", major_en="Replayed",
                minor_code=f"{number:03d}", name=name[:120], name_en=name[:120],
                filing_rule=f"反映的是“{name}”", closing_rule="已处理",
                limit_text=f"{limit.amount:g}{_WORDS[limit.unit]}",
            )
        )  # fmt: skip
    report = catalogue.import_conditions(rows, dry_run=False, actor=SYSTEM, at=at, effective_on=on)
    if report.errors:
        raise FeedError(report.errors[0].message_zh, report.errors[0].message_en)


def _make_people(district: Place, staff: Staff, on: date, at: datetime) -> None:
    units = list(Unit.objects.filter(code__startswith=f"{district.code}-").order_by("code"))
    listed = [
        people.Enrolment(f"{role.replace('_', '-')}-{number:03d}", f"演练{number:03d}", role, district.id)
        for role in ROLES
        if not role.startswith("unit_")
        for number in range(1, staff.people[role] + 1)
    ]
    listed += [
        people.Enrolment(
            f"{role.replace('_', '-')}-{unit.code[-3:]}-{number:02d}", f"演练{unit.code[-3:]}-{number:02d}", role,
            district.id, unit.id,
        )
        for role in ("unit_handler", "unit_lead")
        for unit in units
        for number in range(1, staff.people[role] + 1)
    ]  # fmt: skip
    if not Account.objects.filter(username=listed[0].username).exists():
        people.enrol(listed, PASSWORD, from_on=on, actor=SYSTEM, at=at)
