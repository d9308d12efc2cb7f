"""Divisions come in, change with dates, and a wrong list changes nothing."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shanzhi.base.access import SYSTEM
from shanzhi.base.access.capabilities import PLACE_MANAGE, PLACE_VIEW
from shanzhi.city.places import actions, queries
from shanzhi.city.places.errors import BadBoundary, OutsideYourPlaces
from shanzhi.city.places.models import Place, PlaceClosure, PlaceVersion
from shanzhi.city.places.rows import DivisionRow, read_divisions
from shanzhi.core.kit.errors import InvalidInput, NotFound, Refused

TODAY = date(2026, 3, 9)
BEFORE = date(2025, 6, 30)
CHANGE = date(2025, 7, 1)
SQUARE = {
    "type": "Polygon",
    "coordinates": [[[104, 30], [104.01, 30], [104.01, 30.01], [104, 30.01], [104, 30]]],
}


def take(rows, at, on=CHANGE, actor=SYSTEM, **more):
    return actions.import_divisions(rows, on=on, actor=actor, at=at, **more)


def names(nodes):
    return [node.name for node in nodes]


def test_the_tree_stands(town):
    assert names(queries.children(None, TODAY)) == ["甲省"]
    assert names(queries.children(town["900100"], TODAY)) == ["东区", "西区"]
    # In pinyin order: 安定 before 春风.
    assert names(queries.children(town["900101"], TODAY)) == ["安定街道", "春风街道"]
    assert names(queries.ancestors(town["900101001001"], TODAY)) == ["甲省", "乙市", "东区", "春风街道"]
    assert [node.has_children for node in queries.children(town["900101001"], TODAY)] == [False, False]
    assert queries.node(town["900101"], TODAY).has_children is True
    own = PlaceClosure.objects.filter(depth=0)
    assert set(own.values_list("ancestor_id", flat=True)) == set(town.values())
    # 1 + 2 + 2×3 + 3×4 + 4×5 lines of the closure.
    assert PlaceClosure.objects.count() == 41
    assert dict(Place.objects.values_list("code", "area")) == {
        code: code[:6] if code not in {"900000", "900100"} else "" for code in town
    }
    assert queries.children(None, date(2023, 12, 31)) == []


def test_the_same_list_again_changes_nothing(town, at, rows_of, counted):
    before = counted()
    again = rows_of(*[(code, Place.objects.get(code=code).name) for code in town])
    report = take(again, at)
    assert (report.created, report.changed, report.unchanged, report.closed) == (0, 0, len(town), 0)
    assert counted() == before


def test_a_rename_is_a_dated_succession_of_the_same_place(town, at, rows_of):
    report = take(rows_of(("900101001", "春晖街道")), at)
    assert (report.created, report.changed, report.unchanged) == (0, 1, 0)
    place = town["900101001"]
    assert queries.node(place, BEFORE).name == "春风街道"
    assert queries.node(place, CHANGE).name == "春晖街道"
    assert list(
        PlaceVersion.objects.filter(place=place).values_list("name", "pinyin", "from_on", "to_on")
    ) == [
        ("春风街道", "chun feng jie dao", date(2024, 1, 1), CHANGE),
        ("春晖街道", "chun hui jie dao", CHANGE, None),
    ]
    assert names(queries.children(town["900101"], BEFORE)) == ["安定街道", "春风街道"]


def test_another_code_and_another_parent_keep_the_place_and_all_below_it(town, at, rows_of):
    moved = {"code": "900102003", "name": "春风街道", "former_code": "900101001"}
    assert take(rows_of(moved), at).changed == 1
    street, community = town["900101001"], town["900101001001"]
    assert Place.objects.get(id=street).code == "900102003"
    assert Place.objects.get(id=street).area == "900101", "the area of a place is never updated"
    assert queries.by_code("900101001", BEFORE).id == queries.by_code("900102003", CHANGE).id == street
    assert queries.by_code("900101001", CHANGE) is None
    assert names(queries.ancestors(community, BEFORE)) == ["甲省", "乙市", "东区", "春风街道"]
    assert names(queries.ancestors(community, CHANGE)) == ["甲省", "乙市", "西区", "春风街道"]
    assert queries.is_within(community, [town["900101"]], BEFORE)
    assert not queries.is_within(community, [town["900101"]], CHANGE)
    assert queries.is_within(community, [town["900102"]], CHANGE)
    # What did not change is the same row as before.
    upper = PlaceClosure.objects.filter(descendant=community, ancestor__in=[town["900000"], town["900100"]])
    assert set(upper.values_list("from_on", "to_on")) == {(date(2024, 1, 1), None)}
    # The same list again is done already, although the former code is gone.
    assert take(rows_of(moved), at).unchanged == 1


def test_codes_change_hands_within_one_list(town, at, rows_of):
    swap = rows_of(
        {"code": "900101002", "name": "春风街道", "former_code": "900101001"},
        {"code": "900101001", "name": "安定街道", "former_code": "900101002"},
    )
    report = take(swap, at)
    assert (report.changed, report.errors) == (2, [])
    assert queries.by_code("900101002", CHANGE).id == town["900101001"]
    assert queries.by_code("900101001", CHANGE).id == town["900101002"]
    assert take(swap, at).unchanged == 2


def test_a_freed_code_may_be_given_to_a_new_place_at_once(town, at, rows_of):
    rows = rows_of(
        {"code": "900101009", "name": "春风街道", "former_code": "900101001"}, ("900101001", "新街街道")
    )
    report = take(rows, at)
    assert (report.created, report.changed) == (1, 1)
    assert queries.by_code("900101001", CHANGE).id not in town.values()
    assert take(rows, at).unchanged == 2


def test_a_closed_place_is_gone_from_the_tree_but_what_happened_there_stays_in_sight(town, at, rows_of):
    village = town["900102001201"]
    report = take(rows_of({"code": "900102001201", "name": "", "closed": "是"}), at)
    assert (report.closed, report.changed) == (1, 0)
    assert names(queries.children(town["900102001"], BEFORE)) == ["河湾村"]
    assert queries.children(town["900102001"], CHANGE) == []
    assert queries.node(town["900102001"], CHANGE).has_children is False
    assert queries.is_within(village, [town["900102"]], TODAY)
    assert take(rows_of({"code": "900102001201", "name": "", "closed": "是"}), at).unchanged == 1
    # Its code may be given to another.
    assert take(rows_of(("900102001201", "新河社区")), at).created == 1


@pytest.mark.once
@pytest.mark.parametrize(
    ("line", "field", "message"),
    [
        (("9001010", "某街道"), "code", "代码“9001010”的位数或内容不正确。"),
        (("900101001003", ""), "name", "名称不能为空。"),
        (("900101001003", "社" * 101), "name", "名称不得超过 100 字。"),
        (("900199001", "某街道"), "parent", "没有代码为 900199 的上级区划。"),
        (("900101001003", "某社区", "900101009"), "parent", "没有代码为 900101009 的上级区划。"),
        (("900101003", "某街道", "900101001"), "parent", "上级“春风街道”的级别不高于本级。"),
        (
            {"code": "900101003", "name": "某", "level": "社区"},
            "level",
            "代码 900101003 是“街道”的代码，与级别“社区”不符。",
        ),
        (
            {"code": "900101003", "name": "某", "former_code": "900101008"},
            "former_code",
            "没有代码为 900101008 的区划。",
        ),
        (
            {"code": "900101002", "name": "某", "former_code": "900101001"},
            "code",
            "代码 900101002 已由“安定街道”使用。",
        ),
        (
            {"code": "900101003", "name": "某", "former_code": "900101"},
            "former_code",
            "原代码应为同一级别的代码。",
        ),
        ({"code": "900101", "name": "东区", "closed": "是"}, "closed", "其下还有“安定街道”，请先调整。"),
        ({"code": "900109", "name": "南区", "closed": "是"}, "code", "没有代码为 900109 的区划。"),
        ({"code": "900101", "name": "东区", "closed": "也许"}, "closed", "“撤销”应填“是”或留空。"),
        (
            {"code": "900101", "name": "东区", "lon": "104", "lat": "x"},
            "lon",
            "经度、纬度应为 WGS-84 的度数。",
        ),
        (
            {"code": "900101", "name": "东区", "urban_rural_class": "1"},
            "urban_rural_class",
            "城乡分类应为 3 位数字。",
        ),
    ],
)
def test_one_wrong_row_and_nothing_is_written(town, at, rows_of, counted, line, field, message):
    before = counted()
    report = take(rows_of(("900102001209", "好社区"), line), at)
    assert [(error.row, error.field) for error in report.errors] == [(3, field)]
    said = report.errors[0].message_zh
    # Which of the two street offices is named is left open.
    assert said.replace("春风", "安定") == message.replace("春风", "安定")
    assert (report.created, report.changed, report.closed, report.unchanged) == (0, 0, 0, 0)
    assert counted() == before


def test_a_code_twice_in_one_list(town, at, rows_of, counted):
    before = counted()
    report = take(rows_of(("900101003", "甲街道"), ("900101003000", "乙街道")), at)
    assert [(error.row, error.field, error.message_zh) for error in report.errors] == [
        (3, "code", "代码 900101003 与第 2 行重复。")
    ]
    assert counted() == before


def test_a_day_before_what_is_recorded_is_refused(town, at, rows_of, counted):
    take(rows_of(("900101001", "春晖街道")), at)
    before = counted()
    report = take(rows_of(("900101001", "春雨街道")), at, on=BEFORE)
    assert [(error.field, error.message_zh) for error in report.errors] == [
        ("on", "生效日期早于现有记录（2025-07-01）。")
    ]
    # A street that moves before one of its communities was made there.
    take(rows_of(("900101001005", "新社区")), at)
    before = counted()
    report = take(rows_of(("900101001", "春晖街道", "900102")), at, on=BEFORE)
    assert [error.field for error in report.errors] == ["on"]
    assert counted() == before


def test_a_day_to_come_is_refused(town, at, rows_of, counted):
    before = counted()
    with pytest.raises(InvalidInput) as caught:
        take(rows_of(("900101001", "春晖街道")), at, on=TODAY + timedelta(days=1))
    assert caught.value.field == "on"
    assert counted() == before


def test_a_dry_run_counts_and_writes_nothing(town, at, rows_of, counted):
    before = counted()
    rows = rows_of(("900101001", "春晖街道"), ("900101003", "新街道"))
    report = take(rows, at, dry_run=True)
    assert (report.created, report.changed, report.unchanged, report.dry_run) == (1, 1, 0, True)
    assert counted() == before


def test_a_district_imports_only_what_lies_under_it(town, at, rows_of, post_at, counted):
    east = post_at(town["900101"], PLACE_MANAGE)
    assert take(rows_of(("900101003", "新街道"), ("900101003001", "新社区")), at, actor=east).created == 2
    before = counted()
    for line in (
        ("900102001", "桥尾镇"), ("900102002", "新镇"),
        ("910000", "丙省"), ("900101001", "春风街道", "900102"),
    ):  # fmt: skip
        report = take(rows_of(line), at, actor=east)
        assert [(error.field, error.message_zh) for error in report.errors] == [
            ("code", "不在您岗位的管辖范围内。")
        ]
    with pytest.raises(Refused):
        take(rows_of(("900101004", "新街道")), at, actor=post_at(town["900101"], PLACE_VIEW))
    assert counted() == before


def test_grids_and_micro_grids(town, at, post_at, counted):
    community = town["900101001001"]
    worker = post_at(town["900101001"], PLACE_MANAGE)
    grid = actions.create_grid(
        community, "900101001001001", "第一网格", boundary=SQUARE, on=CHANGE, actor=worker, at=at
    )
    assert (grid.level, grid.area, grid.opened_on) == ("grid", "900101", CHANGE)
    assert (round(grid.lon, 6), round(grid.lat, 6)) == (104.005, 30.005)
    micro = actions.create_grid(
        grid.id, "900101001001001001", "一号院", level="microgrid", on=CHANGE, actor=worker, at=at
    )
    assert names(queries.ancestors(micro.id, TODAY)) == [
        "甲省",
        "乙市",
        "东区",
        "春风街道",
        "长乐社区",
        "第一网格",
    ]
    before = counted()
    refused = [
        ((community, "900101001001001", "又一"), {}, InvalidInput, "code"),
        ((community, "900101001002001", "别处"), {}, InvalidInput, "code"),
        ((community, "90010100100100", "短码"), {}, InvalidInput, "code"),
        ((community, "900101001001002", " "), {}, InvalidInput, "name"),
        ((community, "900101001001002", "好"), {"level": "microgrid"}, InvalidInput, "parent_id"),
        ((grid.id, "900101001001001002", "好"), {}, InvalidInput, "parent_id"),
        ((community, "900101001001002", "好"), {"level": "street"}, InvalidInput, "level"),
        ((community, "900101001001002", "好"), {"boundary": {"type": "Point"}}, BadBoundary, "boundary"),
        ((micro.id.__class__(int=1), "900101001001002", "好"), {}, NotFound, "parent_id"),
        ((town["900102001201"], "900102001201001", "好"), {}, OutsideYourPlaces, "parent_id"),
    ]
    for arguments, more, error, field in refused:
        with pytest.raises(error) as caught:
            actions.create_grid(*arguments, on=CHANGE, actor=worker, at=at, **more)
        assert caught.value.field == field
    assert counted() == before


def test_rename_move_and_close_one_place(town, at, post_at, counted):
    east = post_at(town["900101"], PLACE_MANAGE)
    street = town["900101002"]
    assert actions.rename(street, "安宁街道", on=CHANGE, actor=east, at=at).name == "安宁街道"
    assert (
        actions.rename(street, "安宁街道", code="900101007", on=CHANGE, actor=east, at=at).code == "900101007"
    )
    assert queries.parent_of(street, CHANGE).name == "东区"
    community = town["900101002001"]
    actions.move(community, town["900101001"], on=CHANGE, actor=east, at=at)
    assert queries.parent_of(community, BEFORE).name == "安定街道"
    assert queries.parent_of(community, CHANGE).name == "春风街道"
    actions.close(street, on=CHANGE, actor=east, at=at)
    assert names(queries.children(town["900101"], CHANGE)) == ["春风街道"]
    before = counted()
    with pytest.raises(OutsideYourPlaces):
        actions.move(community, town["900102001"], on=CHANGE, actor=east, at=at)
    with pytest.raises(InvalidInput):
        actions.close(town["900101001"], on=CHANGE, actor=east, at=at)
    with pytest.raises(NotFound):
        actions.rename(street, "又名", on=CHANGE, actor=east, at=at)
    with pytest.raises(Refused):
        actions.rename(community, "又名", on=CHANGE, actor=post_at(town["900101"], PLACE_VIEW), at=at)
    assert counted() == before


def test_sight_follows_the_posts_and_the_day(town, at, rows_of, post_at):
    actor = post_at(town["900102"], PLACE_VIEW)
    west = {"900102", "900102001", "900102001201"}
    assert set(queries.visible_to(actor, BEFORE).values_list("code", flat=True)) == west
    take(rows_of(("900101002", "安定街道", "900102")), at)
    assert set(queries.visible_to(actor, BEFORE).values_list("code", flat=True)) == west
    assert set(queries.visible_to(actor, CHANGE).values_list("code", flat=True)) == west | {
        "900101002", "900101002001",
    }  # fmt: skip
    assert not queries.visible_to(actor, CHANGE, PLACE_MANAGE).exists()
    assert queries.visible_to(SYSTEM, CHANGE).count() == len(town)
    assert queries.scope_sql(actor, CHANGE, "x.id") == (
        f"x.id IN ({queries.BELOW_SQL})", [[town["900102"]], CHANGE, CHANGE],
    )  # fmt: skip
    assert queries.scope_sql(actor, CHANGE, "x.id", PLACE_MANAGE) == ("FALSE", [])
    assert queries.scope_sql(SYSTEM, CHANGE, "x.id") == ("TRUE", [])


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("街道", ["安定街道", "春风街道"]),
        ("chunfeng", ["春风街道"]),
        ("cfjd", ["春风街道"]),
        ("900101001", ["春风街道", "长乐社区", "北门社区"]),
        ("河湾", []),
        ("100%", []),
        ("a" * 10_000, []),
        ("  ", []),
    ],
)
def test_search_by_name_pinyin_and_code(town, post_at, text, found):
    actor = post_at(town["900101"], PLACE_VIEW)
    assert sorted(names(queries.search(text, actor, TODAY))) == sorted(found)


def test_a_statistical_list_of_thousands_of_places(db, at):
    rows = [DivisionRow(2, "900000", "甲省"), DivisionRow(2, "900100", "乙市")]
    rows += [DivisionRow(2, f"9001{county:02}", f"{county}区") for county in range(1, 11)]
    rows += [
        DivisionRow(2, f"9001{county:02}{street:03}", f"{street}街道")
        for county in range(1, 11)
        for street in range(1, 11)
    ]
    rows += [
        DivisionRow(2, f"9001{county:02}{street:03}{community:03}", f"{community}社区")
        for county in range(1, 11)
        for street in range(1, 11)
        for community in range(1, 21)
    ]
    report = take(rows, at)
    assert (report.created, report.errors) == (2112, [])
    assert PlaceClosure.objects.count() == 1 + 2 + 10 * 3 + 100 * 4 + 2000 * 5
    assert take(rows, at).unchanged == 2112


@pytest.mark.once
def test_the_demo_list_comes_in(db, at):
    path = Path(__file__).parents[2] / "packs" / "divisions" / "510100.csv"
    report = take(read_divisions(path.read_bytes()), at)
    assert (report.created, report.errors) == (3330, [])
    district = queries.by_code("510107", TODAY)
    assert (district.name, len(queries.children(district.id, TODAY))) == ("武侯区", 15)


@pytest.mark.once
def test_the_real_list_of_five_cities(db, at, shared_data):
    content = (shared_data / "divisions" / "divisions_5cities_2022.csv.gz").read_bytes()
    rows = read_divisions(content)
    report = take(rows, at, on=date(2022, 1, 1))
    # 3 provinces, 5 cities, 56 districts, 816 street offices and towns, 11,902 communities and villages.
    assert (report.created, report.changed, report.errors) == (3 + 5 + 56 + 816 + 11902, 0, [])
    again = take(read_divisions(content), at)
    assert (again.created, again.changed, again.unchanged, again.closed) == (0, 0, 12782, 0)


DAYS = [date(2025, 1, 1) + timedelta(days=step) for step in range(6)]


@pytest.mark.once
@settings(suppress_health_check=list(HealthCheck))
@given(
    st.lists(
        st.tuples(
            st.integers(1, 5), st.sampled_from(["move", "rename"]), st.integers(0, 3), st.integers(0, 3)
        ),
        max_size=12,
    )
)
def test_the_tree_of_every_day_against_an_oracle(db, steps):
    """Communities are moved among four streets, streets among two districts; each day is remembered."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    districts, streets = ["900101", "900102"], [f"90010100{n}" for n in range(1, 5)]
    communities = [f"{street}001" for street in streets]
    with transaction.atomic():
        base = [("900000", "省"), ("900100", "市"), *((code, f"区{code}") for code in districts)]
        base += [(code, f"街{code}") for code in streets] + [(code, f"社{code}") for code in communities]
        actions.import_divisions(
            [DivisionRow(2, code, name) for code, name in base], on=DAYS[0], actor=SYSTEM, at=now
        )
        parent = {code: code[:6] for code in streets} | {code: code[:9] for code in communities}
        name = dict(base)
        remembered = {DAYS[0]: (dict(parent), dict(name))}
        for index, day in enumerate(DAYS[1:], start=1):
            for at_day, verb, which, target in steps:
                if at_day != index:
                    continue
                code = communities[which] if target % 2 else streets[which]
                if verb == "rename":
                    name[code] = f"新{index}{target}"
                else:
                    parent[code] = streets[target] if code in communities else districts[target // 2]
                row = DivisionRow(2, code, name[code], parent=parent[code])
                assert actions.import_divisions([row], on=day, actor=SYSTEM, at=now).errors == []
            remembered[day] = (dict(parent), dict(name))
        ids = dict(Place.objects.values_list("code", "id"))
        for day, (parents, called) in remembered.items():
            for code in communities:
                line = [called["900000"], called["900100"]]
                line += [called[parents[parents[code]]], called[parents[code]]]
                assert names(queries.ancestors(ids[code], day)) == line
                assert queries.node(ids[code], day).name == called[code]
            for district in districts:
                below = {code for code in communities if parents[parents[code]] == district}
                found = queries.ids_below([ids[district]], day)
                assert {code for code in communities if ids[code] in found} == below
        transaction.set_rollback(True)
