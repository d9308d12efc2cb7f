"""Lists of street offices year by year (历年街道名单) as dated successions.

The lists say what there was in a year, not what became of it. So two years are compared: what kept its code or its
name is the same place, renamed or re-coded; what is left ended or began. Where more than one reading is possible the
likeliest is taken and told. Successors of what ended are not in the lists and stay unknown.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db import transaction

from shanzhi.base.access import Actor
from shanzhi.base.access.capabilities import PLACE_MANAGE
from shanzhi.base.rows import in_sets
from shanzhi.city.places import actions, queries, store
from shanzhi.city.places.levels import Level
from shanzhi.city.places.rows import MAX_FILE_BYTES, MAX_ROWS, MAX_UNPACKED_BYTES, DivisionRow
from shanzhi.core.documents import RowError, read_table, require_columns
from shanzhi.core.kit.errors import InvalidInput

_COLUMNS = {
    "年份": "year", "年": "year", "代码": "code", "街道代码": "code", "名称": "name", "街道名称": "name",
    "区县代码": "county", "areacode": "county", "county_code": "county",
}  # fmt: skip
_KINDS = ("街道办事处", "街道办", "街道", "民族乡", "镇", "乡")
_UNREADABLE = ("?", "？", "\ufffd")
_PAIRS_OF_A_COUNTY = 0.5  # of its street offices found again: then it is the county with another code


@dataclass(frozen=True)
class Street:
    """A street office in the list of a year."""

    code: str
    name: str
    county: str


@dataclass
class YearReport:
    """What the list of a year changes. `unsure` holds what was read one way and could be read another."""

    year: int
    on: date
    total: int
    created: int = 0
    renamed: int = 0
    recoded: int = 0
    moved: int = 0
    closed: int = 0
    counties: int = 0
    unsure: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class YearsReport:
    """What an import of yearly lists did, or would do; with any error nothing is written."""

    rows: int
    years: list[YearReport] = field(default_factory=list)
    errors: list[RowError] = field(default_factory=list)
    dry_run: bool = False


def stem(name: str) -> str:
    """A name without its kind: 新市镇 and 新市街道 are both 新市."""
    for kind in _KINDS:
        if name.endswith(kind) and len(name) > len(kind):
            return name[: -len(kind)]
    return name


def read_years(content: bytes) -> tuple[dict[int, list[Street]], int]:
    """The lists of a file by year, and how many rows it has. Raises InvalidInput naming the field."""
    table = read_table(
        content,
        max_bytes=MAX_FILE_BYTES,
        max_unpacked_bytes=MAX_UNPACKED_BYTES,
        max_rows=MAX_ROWS,
        gzipped=True,
    )
    fields = [_COLUMNS.get(cell.lower(), cell.lower()) for cell in table[0]]
    require_columns(fields, ("year", "code", "name"), _COLUMNS)
    at = {name: fields.index(name) for name in ("year", "code", "name", "county") if name in fields}
    years: dict[int, list[Street]] = {}
    for number, cells in enumerate(table[1:], start=2):
        said = {name: cells[column].strip() if column < len(cells) else "" for name, column in at.items()}
        code = said["code"]
        if not (said["year"].isdigit() and len(said["year"]) == 4):
            raise InvalidInput(
                field="year", reason_zh=f"第 {number} 行的年份“{said['year']}”不正确。",
                reason_en=f"Row {number}: {said['year']!r} is no year.",
            )  # fmt: skip
        if len(code) == 12 and code.endswith("000"):
            code = code[:9]
        if not (len(code) == 9 and code.isascii() and code.isdigit()) or not said["name"]:
            raise InvalidInput(
                field="code", reason_zh=f"第 {number} 行应有九位街道代码和名称。",
                reason_en=f"Row {number} needs a code of nine digits and a name.",
            )  # fmt: skip
        county = said.get("county") or code[:6]
        years.setdefault(int(said["year"]), []).append(Street(code, said["name"], county))
    return years, len(table) - 1


def import_years(
    content: bytes,
    *,
    actor: Actor,
    at: datetime,
    dry_run: bool = False,
    day: tuple[int, int] = (1, 1),
    source: str = "",
) -> YearsReport:
    """Import yearly lists; each year's holds from that `day` (month, day) of it, an assumption of such lists.

    Counties must be there already. A street office that the list of a county's later year does not name ends.
    Raises Refused, InvalidInput.
    """
    actor.require(PLACE_MANAGE)
    years, rows = read_years(content)
    report = YearsReport(rows, dry_run=dry_run)
    with transaction.atomic(), in_sets():
        store.lock()
        for year in sorted(years):
            on = date(year, *day)
            found, ending, going_on = _compare(year, on, years[year])
            report.years.append(found)
            # What ends goes first: its code may be another's in the same year.
            for listed in (ending, going_on):
                if listed:
                    called = f"{source} {year}".strip()
                    done = actions.import_divisions(listed, on=on, actor=actor, at=at, source=called)
                    report.errors += done.errors
            if report.errors:
                break
        if report.errors or dry_run:
            transaction.set_rollback(True)
    return report


def _standing(counties: Iterable[str], on: date) -> dict[str, Street]:
    """Street offices under these counties by code, as the tree has them."""
    found = {}
    for county in counties:
        place = queries.by_code(county, on)
        for node in queries.children(place.id, on) if place else []:
            if node.level == Level.STREET:
                found[node.code] = Street(node.code, node.name, county)
    return found


def _compare(
    year: int, on: date, listed: Sequence[Street]
) -> tuple[YearReport, list[DivisionRow], list[DivisionRow]]:
    report = YearReport(year, on, len(listed))
    cities = {street.county[:4] for street in listed}
    counties = {street.county for street in listed}
    known = {
        node.code
        for city in cities
        for place in [queries.by_code(city + "00", on)]
        for node in (queries.children(place.id, on) if place else [])
        if node.level == Level.COUNTY
    } | {county for county in counties if queries.by_code(county, on)}
    before = _standing(known, on)
    rows: list[DivisionRow] = []
    ending: list[DivisionRow] = []
    renewed = _renewed_counties(before, listed, known)
    for old, new in renewed.items():
        place = queries.by_code(old, on)
        assert place is not None
        rows.append(DivisionRow(row=0, code=new, name=place.name, former_code=old))
    report.counties = len(renewed)
    # Only counties that the list speaks of can lose a street office by it.
    old = {code: one for code, one in before.items() if renewed.get(one.county, one.county) in counties}
    pairs = _pairs(list(old.values()), listed, renewed, report)
    taken = {was.code for was, _ in pairs.values()}
    for code, (was, now) in pairs.items():
        name = was.name if any(mark in now.name for mark in _UNREADABLE) else now.name
        moved = renewed.get(was.county, was.county) != now.county
        report.renamed += name != was.name
        report.recoded += code != was.code and not moved and was.county not in renewed
        report.moved += moved
        if (name, code, now.county) != (was.name, was.code, was.county):
            former = was.code if code != was.code else ""
            rows.append(DivisionRow(row=0, code=code, name=name, former_code=former, parent=now.county))
    for street in listed:
        if street.code not in pairs:
            report.created += 1
            rows.append(DivisionRow(row=0, code=street.code, name=street.name, parent=street.county))
    for code, was in old.items():
        if code not in taken:
            report.closed += 1
            ending.append(DivisionRow(row=0, code=code, name=was.name, closed="1"))
    return report, ending, rows


def _renewed_counties(
    before: Mapping[str, Street], listed: Sequence[Street], known: Iterable[str]
) -> dict[str, str]:
    """Counties whose code vanished and whose street offices are found again under one new code: old -> new."""
    counties = {street.county for street in listed}
    fresh = counties - set(known)
    found = {}
    for old in sorted({street.county for street in before.values()} - counties):
        stems = {stem(street.name) for street in before.values() if street.county == old}
        hits = Counter(
            s.county
            for s in listed
            if s.county in fresh and s.county[:4] == old[:4] and stem(s.name) in stems
        )
        if hits and hits.most_common(1)[0][1] >= _PAIRS_OF_A_COUNTY * len(
            {stem(s.name) for s in listed if s.county == hits.most_common(1)[0][0]}
        ):
            found[old] = hits.most_common(1)[0][0]
    return found


Pairs = dict[str, tuple[Street, Street]]


def _pairs(
    before: Sequence[Street], listed: Sequence[Street], renewed: Mapping[str, str], report: YearReport
) -> Pairs:
    """Which street office of the list is which of those before: by new code."""
    pairs: Pairs = {}
    left, fresh = {one.code: one for one in before}, {one.code: one for one in listed}

    def county(one: Street) -> str:
        return renewed.get(one.county, one.county)

    def join(was: Street, now: Street) -> None:
        pairs[now.code] = was, now
        del left[was.code], fresh[now.code]

    for was in list(left.values()):
        now = fresh.get(was.code) or fresh.get(county(was) + was.code[6:])
        if now is not None and (stem(now.name) == stem(was.name) or any(m in now.name for m in _UNREADABLE)):
            join(was, now)
    ways: list[tuple[Callable[[Street], object], Callable[[Street], object]]] = [
        (lambda one: (county(one), one.name), lambda one: (one.county, one.name)),
        (lambda one: (county(one), stem(one.name)), lambda one: (one.county, stem(one.name))),
    ]
    for old_key, new_key in ways:
        _join_unique(left, fresh, old_key, new_key, join)
    for was in list(left.values()):
        now = fresh.get(was.code)
        if now is not None and was.name and not _elsewhere(was, now, fresh.values(), left.values()):
            report.unsure.append(
                (
                    f"{was.code}：{was.name} → {now.name}，代码未变，按更名处理。",
                    f"{was.code}: {was.name} -> {now.name}, the code is the same: taken as a new name.",
                )
            )
            join(was, now)
    _join_unique(
        left, fresh, lambda one: (one.code[:4], one.name), lambda one: (one.code[:4], one.name), join
    )
    return pairs


def _elsewhere(was: Street, now: Street, fresh: Iterable[Street], left: Iterable[Street]) -> bool:
    """Whether the old name goes on, or the new one came, from somewhere else: then the code has changed hands.

    Only among those not yet paired: a street office of the same name in another county that goes on says nothing.
    """
    return any(stem(one.name) == stem(was.name) for one in fresh if one.county[:4] == was.county[:4]) or any(
        stem(one.name) == stem(now.name) for one in left if one.county[:4] == now.county[:4]
    )


def _join_unique(
    left: dict[str, Street],
    fresh: dict[str, Street],
    old_key: Callable[[Street], object],
    new_key: Callable[[Street], object],
    join: Callable[[Street, Street], None],
) -> None:
    olds, news = Counter(map(old_key, left.values())), Counter(map(new_key, fresh.values()))
    by_key = {new_key(one): one for one in fresh.values()}
    for was in list(left.values()):
        key = old_key(was)
        if olds[key] == 1 and news.get(key) == 1 and by_key[key].code in fresh:
            join(was, by_key[key])
