"""The demo city (演示城市): one real district by its official codes, invented people, and a day's work on the desks.

Everything goes through the same actions as in a real city; a second run changes nothing.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils.timezone import localdate

from shanzhi.base.access import SYSTEM, Actor
from shanzhi.city.people import actions as people
from shanzhi.city.people import queries as people_queries
from shanzhi.city.people.models import Account, Unit
from shanzhi.city.places import actions as places
from shanzhi.city.places.models import Place
from shanzhi.city.places.rows import read_divisions
from shanzhi.core.kit.ids import uuid7
from shanzhi.work.cases import actions as cases
from shanzhi.work.cases.models import Case
from shanzhi.work.catalogue import actions as catalogue
from shanzhi.work.catalogue import queries as catalogue_queries
from shanzhi.work.catalogue.models import Kind

PASSWORD = "Shanzhi-2026"
DISTRICT = "510107"


@dataclass(frozen=True)
class Person:
    """An invented person in a post."""

    username: str
    name: str
    post: str
    title: str


PEOPLE = (
    Person("shouli", "受理员甲", "acceptor", "受理员"),
    Person("zhibanzhang", "值班长乙", "shift_lead", "值班长"),
    Person("paiqian", "派遣员丙", "dispatcher", "派遣员"),
    Person("chuzhi", "处置员丁", "unit_handler", "处置单位"),
    Person("fuzeren", "处置负责人癸", "unit_lead", "处置单位负责人"),
    Person("wangge", "网格员戊", "grid_worker", "网格员"),
    Person("xuncha", "网格员子", "grid_worker", "网格员（另一位）"),
    Person("zhihui", "指挥己", "commander", "指挥"),
    Person("xitong", "系统管理员庚", "system_admin", "系统管理员"),
    Person("anquan", "安全管理员辛", "security_admin", "安全管理员"),
    Person("shenji", "审计管理员壬", "audit_admin", "审计管理员"),
)
LOGINS = [(person.title, person.username, PASSWORD) for person in PEOPLE]

UNITS = {
    "DEMO-ROADS": "示例区市政设施管护所",
    "DEMO-CLEANING": "示例区环境卫生所",
    "DEMO-ORDER": "示例区综合行政执法队",
}
# Which unit answers for the kinds of a major class: family and major code.
RESPONSIBLE = {
    "0101": "DEMO-ROADS",
    "0201": "DEMO-CLEANING",
    "0202": "DEMO-ORDER",
    "0203": "DEMO-ORDER",
    "0204": "DEMO-ORDER",
    "0205": "DEMO-ROADS",
    "0207": "DEMO-ORDER",
}
# Kinds that another unit answers for than the rest of their class.
RESPONSIBLE_KINDS = {"020113": "DEMO-ROADS"}

GRID_STEP = 0.004
GRID_ORIGIN = (104.03, 30.63)

# kind, what was said, address, how many verbs were done, minutes ago
SAMPLES = (
    ("010137", "巷口两盏路灯晚上不亮，老人走路看不见。", "示例巷 3 号门口", 0, 4),
    ("020110", "垃圾堆在楼道口没人收。", "示例路 18 号院", 0, 9),
    ("020113", "路面有个大坑，电动车绕着走。", "示例路与样板街路口东侧", 1, 22),
    ("010123", "井盖踩上去晃，车过会响。", "样板街 27 号前", 2, 35),
    ("020506", "路边积水没过脚面。", "示例桥下", 2, 41),
    ("020113", "人行道地砖翘起，轮椅过不去。", "样板街 5 号", 3, 70),
    ("010137", "灯杆歪了，靠在树上。", "示例公园北门", 4, 95),
    ("010123", "井盖缺了一角。", "样板巷 9 号", 5, 180),
    ("020110", "绿化带里有一堆生活垃圾。", "示例路 66 号", 6, 260),
    ("020401", "卖早点的占了盲道。", "样板小学门口", 3, 50),
    ("020112", "路面全是泥水。", "示例工地东门", 7, 300),
    ("010137", "路灯白天不灭。", "示例巷 21 号", 8, 400),
)
_ROAD = ("accept", "file", "dispatch", "sign", "handle", "feed_back", "inspect", "close")
_NOTES = {"handle": "已按要求处置完毕。", "feed_back": "已处理好，感谢您的提醒。", "inspect": "现场已恢复。"}


def seed(*, at: datetime | None = None, samples: bool = True) -> None:
    """Make the demo city unless it is there already."""
    now = at or settings.SHANZHI_CLOCK.now()
    if Account.objects.filter(username=PEOPLE[0].username).exists():
        return
    on = localdate(now) - timedelta(days=365)
    people.load_post_kinds(settings.PACKS / "base" / "posts.yaml", actor=SYSTEM, at=now)
    report = places.import_divisions(
        read_divisions((settings.PACKS / "demo" / "divisions.csv").read_bytes()), on=on, actor=SYSTEM, at=now
    )
    if report.errors:
        raise RuntimeError(f"packs/demo/divisions.csv: {report.errors[0]}")
    district = Place.objects.get(code=DISTRICT)
    _make_grids(district, now)
    units = _make_units(district, now)
    catalogue.load_pack(settings.PACKS / "base" / "kinds.yaml", SYSTEM, now, effective_on=on)
    _make_responsible(district, units, now)
    _make_people(district, units, now)
    if samples:
        _make_cases(now)


def _make_grids(district: Place, now: datetime) -> None:
    """Twelve square grids, four to a community, so that a point on the map finds its grid."""
    communities = list(Place.objects.filter(level="community", area=district.area).order_by("code")[:3])
    for column, community in enumerate(communities):
        for row in range(4):
            west, south = GRID_ORIGIN[0] + column * GRID_STEP, GRID_ORIGIN[1] + row * GRID_STEP
            east, north = west + GRID_STEP, south + GRID_STEP
            ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
            places.create_grid(
                community.id, f"{community.code}{row + 1:03d}", f"示例网格 {column + 1}-{row + 1}",
                boundary={"type": "Polygon", "coordinates": [ring]}, level="grid",
                on=localdate(now) - timedelta(days=365), actor=SYSTEM, at=now,
            )  # fmt: skip


def _make_units(district: Place, now: datetime) -> dict[str, Unit]:
    return {
        code: people.create_unit(code=code, name=name, place_id=district.id, actor=SYSTEM, at=now)
        for code, name in UNITS.items()
    }


def _make_responsible(district: Place, units: dict[str, Unit], now: datetime) -> None:
    on = localdate(now) - timedelta(days=365)
    for kind in Kind.objects.order_by("code"):
        code = RESPONSIBLE_KINDS.get(kind.code) or RESPONSIBLE.get(kind.code[:4])
        if code:
            catalogue.set_responsible(
                code=kind.code, place_id=district.id, unit_id=units[code].id, on=on, actor=SYSTEM, at=now
            )


def _make_people(district: Place, units: dict[str, Unit], now: datetime) -> None:
    on = localdate(now) - timedelta(days=365)
    for person in PEOPLE:
        account = people.create_account(
            username=person.username, display_name=person.name, password=PASSWORD, actor=SYSTEM, at=now
        )
        # One login handles for every unit of the demo, so that any report can be walked to its end.
        for unit in units.values() if person.post in ("unit_handler", "unit_lead") else [None]:
            people.appoint(
                account_id=account.id, kind=person.post, place_id=district.id,
                unit_id=unit.id if unit else None, from_on=on, actor=SYSTEM, at=now,
            )  # fmt: skip


def _actor(username: str, now: datetime) -> Actor:
    account = Account.objects.get(username=username)
    found = people_queries.actor_for_account(account.id, "desk", localdate(now))
    assert found is not None
    return found


def _make_cases(now: datetime) -> None:
    """A few invented matters at every desk, walked there by the people of the demo city."""
    by_verb = {
        "accept": "shouli", "file": "zhibanzhang", "dispatch": "paiqian", "sign": "chuzhi", "handle": "chuzhi",
        "feed_back": "chuzhi", "inspect": "wangge", "close": "zhibanzhang",
    }  # fmt: skip
    actors = {name: _actor(name, now) for name in set(by_verb.values())}
    for index, (kind, text, address, steps, minutes) in enumerate(SAMPLES):
        begun = now - timedelta(minutes=minutes)
        lon = GRID_ORIGIN[0] + GRID_STEP * (index % 3 + 0.3)
        lat = GRID_ORIGIN[1] + GRID_STEP * (index % 4 + 0.6)
        receipt = cases.create_report(
            cases.NewReport(id=uuid7(), kind=kind, text=text, address=address, lon=lon, lat=lat),
            actor=_RESIDENT, at=begun,
        )  # fmt: skip
        step = timedelta(minutes=minutes) / (steps + 1)
        for number, verb in enumerate(_ROAD[:steps], start=1):
            case = Case.objects.get(area=receipt.area, id=receipt.id)
            cases.perform(
                receipt.area, receipt.id, verb, actor=actors[by_verb[verb]], at=begun + step * number,
                version=case.version, given=_given(case, verb, now),
            )  # fmt: skip


_RESIDENT = Actor(None, "市民", "resident")


def _given(case: Case, verb: str, now: datetime) -> cases.Given:
    condition_id, unit_id = None, None
    if verb == "file":
        assert case.kind is not None
        rules = catalogue_queries.conditions_for_kind(case.kind.code, localdate(now), usable_only=True)
        condition_id = next((rule.id for rule in rules if not rule.photo_required), rules[-1].id)
    if verb == "dispatch":
        assert case.condition_id is not None
        unit, _, _ = catalogue_queries.responsible_unit(case.condition_id, case.place_id, localdate(now))
        assert unit is not None
        unit_id = unit.id
    return cases.Given(note=_NOTES.get(verb, ""), condition_id=condition_id, unit_id=unit_id)
