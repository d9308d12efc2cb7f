"""The demo city (演示城市): a real district by its official codes, invented people, and work on the desks.

Everything goes through the same actions as in a real city; a second run changes nothing. With a history, a month of
invented reports is worked on by simulated staff up to the present moment.
"""

import io
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils.timezone import localdate
from PIL import Image, ImageDraw

from shanzhi.base.access import SYSTEM, Actor
from shanzhi.city.people import actions as people
from shanzhi.city.people import queries as people_queries
from shanzhi.city.people.models import Account, Unit
from shanzhi.city.places import actions as places
from shanzhi.city.places.models import Place
from shanzhi.city.places.rows import DivisionRow, read_divisions
from shanzhi.core.kit.ids import uuid7
from shanzhi.edge.cli.sentences import CommandError
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
    Person("zhiban", "值班员丑", "duty_officer", "值班员"),
    Person("shangji", "上级指挥寅", "upper_authority", "上级指挥（第二机关）"),
    Person("yiwu", "医务卯", "health_worker", "医务人员"),
    Person("liudiao", "流调员辰", "tracer", "流调员"),
    Person("cangku", "物资员巳", "store_keeper", "物资管理员"),
    Person("xitong", "系统管理员庚", "system_admin", "系统管理员"),
    Person("anquan", "安全管理员辛", "security_admin", "安全管理员"),
    Person("shenji", "审计管理员壬", "audit_admin", "审计管理员"),
)
LOGINS = [(person.title, person.username, PASSWORD) for person in PEOPLE]

UNITS = {
    "ROADS": "示例区市政设施管护所",
    "CLEANING": "示例区环境卫生所",
    "ORDER": "示例区综合行政执法队",
}
# Which unit answers for the kinds of a major class: family and major code.
RESPONSIBLE = {
    "0101": "ROADS",
    "0201": "CLEANING",
    "0202": "ORDER",
    "0203": "ORDER",
    "0204": "ORDER",
    "0205": "ROADS",
    "0207": "ORDER",
}
# Kinds that another unit answers for than the rest of their class.
RESPONSIBLE_KINDS = {"020113": "ROADS"}

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


def seed(*, at: datetime | None = None, samples: bool = True, district: str = DISTRICT) -> None:
    """Make a district of the demo city unless it is there already. Raises CommandError for an unknown code."""
    now = at or settings.SHANZHI_CLOCK.now()
    if Unit.objects.filter(code=f"{_prefix(district)}-ROADS").exists():
        return
    on = localdate(now) - timedelta(days=365)
    people.load_post_kinds(settings.PACKS / "base" / "posts.yaml", actor=SYSTEM, at=now)
    report = places.import_divisions(divisions_of(district), on=on, actor=SYSTEM, at=now)
    if report.errors:
        raise RuntimeError(f"packs/divisions: {report.errors[0]}")
    place = Place.objects.get(code=district)
    _make_grids(place, now)
    units = _make_units(place, now)
    catalogue.load_pack(settings.PACKS / "base" / "kinds.yaml", SYSTEM, now, effective_on=on)
    _make_responsible(place, units, now)
    _make_people(place, units, now)
    if samples:
        _make_cases(now)


def seed_city(code: str, *, days: int, a_day: int) -> None:
    """Make a district, or every district of a city, with a history up to now. A second run changes nothing.

    User names in other districts than the first end in the district's code. Raises CommandError.
    """
    from tqdm import tqdm

    from shanzhi.base.media import actions as media
    from shanzhi.edge.cli.demo_history import make_history
    from shanzhi.edge.exchange.replaying import Progress

    if not (len(code) == 6 and code.isascii() and code.isdigit()) or days < 1 or a_day < 1:
        raise CommandError(
            "城市或区的代码应为六位数字，天数与件数应为正数。",
            "A city or district has a code of six digits; days and reports a day are positive.",
        )
    now = settings.SHANZHI_CLOCK.now()
    districts = [row.code for row in divisions_of(code) if len(row.code) == 6 and not row.code.endswith("00")]
    photo = str(media.store(drawn_photo(), now).sha256)
    for number, district in enumerate(districts, start=1):
        seed(at=now, samples=False, district=district)
        place = Place.objects.get(code=district)
        if Case.objects.filter(area=district).exists():
            continue
        begins = now.timestamp() - days * 86400
        with tqdm(
            total=days, unit=" 天", desc=f"{place.name} {number}/{len(districts)}", disable=None
        ) as bar:

            def tell(progress: Progress, at: float) -> None:
                bar.update(max(0, min(days, int((at - begins) / 86400)) - bar.n))  # noqa: B023

            make_history(place, photo, now, days=days, a_day=a_day, tell=tell)
            bar.update(days - bar.n)
        if district == DISTRICT:
            _make_cases(now)  # so that there is something to do at every desk


def drawn_photo() -> bytes:
    """A drawn picture, so that nobody takes it for a real place."""
    made = Image.new("RGB", (640, 480), (226, 232, 238))
    ImageDraw.Draw(made).rectangle((120, 120, 520, 360), outline=(90, 110, 130), width=6)
    content = io.BytesIO()
    made.save(content, "JPEG")
    return content.getvalue()


def divisions_of(code: str) -> list[DivisionRow]:
    """The official divisions of a district, from the packs. Raises CommandError when no pack has it."""
    above, below = (code[:2] + "0000", code[:4] + "00"), code[:4] if code.endswith("00") else code
    for path in sorted((settings.PACKS / "divisions").glob("*.csv")):
        rows = read_divisions(path.read_bytes())
        found = [row for row in rows if row.code.startswith(below) or row.code in above]
        if any(row.code == code for row in found):
            return found
    raise CommandError(
        f"区划包中没有 {code}：请把区划表放入 packs/divisions。",
        f"No pack of divisions has {code}: put a table of them into packs/divisions.",
    )


def _prefix(district: str) -> str:
    """Before the codes of a district's units: the first district's are plain."""
    return "DEMO" if district == DISTRICT else f"DEMO{district}"


def _suffix(district: str) -> str:
    """After user names: the first district's are plain."""
    return "" if district == DISTRICT else f"-{district}"


def _make_grids(district: Place, now: datetime) -> None:
    """Twelve square grids, four to a community, so that a point on the map finds its grid."""
    if district.code != DISTRICT:
        return  # the invented squares lie in the first district
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
    prefix = _prefix(district.code)
    return {
        code: people.create_unit(
            code=f"{prefix}-{code}", name=name, place_id=district.id, actor=SYSTEM, at=now
        )
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
    suffix = _suffix(district.code)
    # One login handles for every unit of the demo, so that any report can be walked to its end.
    people.enrol(
        [
            people.Enrolment(
                person.username + suffix, person.name, person.post, district.id, unit.id if unit else None
            )
            for person in PEOPLE
            for unit in (units.values() if person.post in ("unit_handler", "unit_lead") else [None])
        ],
        PASSWORD, from_on=localdate(now) - timedelta(days=365), actor=SYSTEM, at=now,
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
