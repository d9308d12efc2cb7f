"""Files of compounds as they are read: headings, levels of rows, names, points, datums. Nothing needs a database."""

import gzip
import json
from datetime import date
from uuid import UUID

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from shanzhi.city.compounds import in_force
from shanzhi.city.compounds.grouping import Grouping
from shanzhi.city.compounds.in_force import Choice, Counted, Said
from shanzhi.city.compounds.kinds import CompoundKind
from shanzhi.city.compounds.listed import same_building, same_name
from shanzhi.city.compounds.mapping import guess, pack, read_mapping
from shanzhi.city.compounds.placing import place
from shanzhi.city.compounds.reading import read_cells
from shanzhi.city.places.datum import Datum, detect, to_wgs84
from shanzhi.city.places.levels import Level
from shanzhi.city.places.naming import Gazetteer, Known
from shanzhi.city.places.outlines import Outlines
from shanzhi.city.places.repair import polygon_of
from shanzhi.core.kit import coordinates
from shanzhi.core.kit.errors import InvalidInput


def read(text, mapping=None, source="甲"):
    cells = read_cells(text.encode(), None if mapping is None else read_mapping(mapping))
    grouping = Grouping(cells.reading, source, {})
    return grouping.take(cells.lines), grouping, cells


def shape(one):
    return {
        building.name: {
            place: (floor.top, floor.homes, floor.shops, floor.estimated) for place, floor in building.floors.items()
        }
        for building in one.buildings.values()
    }  # fmt: skip


def test_the_deepest_filled_level_decides():
    listed, grouping, _ = read(
        "小区名称,小区总户数,楼栋,单元数,总层数,单元,楼层,户数,门牌号,用途\n"
        "甲苑,40,,,,,,,,\n"
        "甲苑,,1栋,2,3,,,7,,\n"
        "甲苑,,2栋,,2,1单元,,4,,\n"
        "甲苑,,3栋,,,一单元,1-2,5,,\n"
        "甲苑,,3栋,,,1 单元,3层,2,,\n"
        "甲苑,,4号楼,,,,,,101,商铺\n"
        "甲苑,,四栋,,,,,,201,\n"
        "甲苑,,4栋,,,,B1,,车1,\n"
    )
    assert grouping.errors == []
    [one] = listed
    assert (one.households, one.rows, one.homes(), one.shop_count()) == (40, 8, 20, 1)
    assert shape(one) == {
        "1栋": {
            ("1", 1): (1, 2, 0, True), ("2", 1): (1, 1, 0, True), ("1", 2): (2, 1, 0, True),
            ("2", 2): (2, 1, 0, True), ("1", 3): (3, 1, 0, True), ("2", 3): (3, 1, 0, True),
        },
        "2栋": {("1", 1): (1, 2, 0, True), ("1", 2): (2, 2, 0, True)},
        "3栋": {("1", 1): (2, 5, 0, False), ("1", 3): (3, 2, 0, False)},
        "4号楼": {("", 1): (1, 0, 1, False), ("", 2): (2, 1, 0, False), ("", -1): (-1, 1, 0, False)},
    }  # fmt: skip


def test_shops_along_a_street_are_a_kind_of_their_own():
    listed, grouping, _ = read(
        "小区名称,类型,楼栋,门牌号,户数\n甲街,沿街商铺,东段,1号,\n甲街,沿街商铺,东段,2号,\n乙街,门面,北段,,9\n"
    )
    assert grouping.errors == []
    assert [(one.kind, one.homes(), one.shop_count()) for one in listed] == [
        (CompoundKind.SHOPS, 0, 2), (CompoundKind.SHOPS, 0, 9),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("line", "field", "code"),
    [
        (",1栋,,1,2,,", "name", "no-name"),
        ("甲,1栋,,九楼,2,,", "floor", "bad-floor"),
        ("甲,1栋,,3-1,2,,", "top", "bad-floor"),
        ("甲,1栋,,1,-2,,", "homes", "bad-number"),
        ("甲,1栋,,1,2.5,,", "homes", "bad-number"),
        ("甲,1栋,,1,999999,,", "homes", "bad-number"),
        ("甲,1栋,,1,2,abc,30", "lon", "bad-point"),
        ("甲,1栋,,1,2,104,", "lon", "bad-point"),
        ("甲" * 101 + ",1栋,,1,2,,", "name", "bad-text"),
        ("好苑,1栋,,1,2,,", "floor", "floor-twice"),
    ],
)
def test_a_bad_row_is_left_out_alone(line, field, code):
    heading = "小区名称,楼栋,单元,楼层,户数,经度,纬度\n好苑,1栋,,1,3户,,\n"
    listed, grouping, _ = read(heading + line + "\n好苑,1栋,,2,1,,\n")
    assert [(one.row, one.field, one.code) for one in grouping.errors] == [(3, field, code)]
    assert [(one.name, one.homes()) for one in listed] == [("好苑", 4)]
    assert all(one.message_zh and one.message_en.isascii() for one in grouping.errors if code != "bad-floor")


def test_doors_twice_and_towers_too_high():
    text = "小区名称,楼栋,门牌号,总层数,户数\n甲苑,1栋,101,,\n甲苑,1栋,101,,\n乙苑,1栋,,201,9\n"
    listed, grouping, _ = read(text)
    assert [(one.row, one.code) for one in grouping.errors] == [(3, "door-twice"), (4, "too-many")]
    assert [(one.name, one.homes()) for one in listed] == [("甲苑", 1)]


def test_rows_without_a_source_are_errors():
    _, grouping, _ = read("小区名称,来源\n甲苑,\n乙苑,某平台\n", source="")
    assert [(one.row, one.code) for one in grouping.errors] == [(2, "no-source")]


def test_the_same_name_elsewhere_is_another_compound():
    listed, grouping, _ = read(
        "小区名称,地址,经度,纬度\n甲苑,一路1号,104,30\n甲苑,一路1号,104,30\n甲苑,二路2号,104,30\n甲苑,一路1号,104.1,30\n"
    )
    assert len(listed) == 3
    assert [(one.row, one.code) for one in grouping.warnings] == [(3, "duplicate-row")]


def test_headings_are_guessed_and_the_rest_reported():
    _, _, cells = read("小区（名称）,小 区 名 称,物业,CODE\n甲,乙,丙,\n")
    assert (cells.mapping, cells.unmapped) == (
        {"小 区 名 称": "name", "CODE": "code"},
        ["小区（名称）", "物业"],
    )
    assert guess(["source", "name", "district", "lon", "lat", "n_households"]) is pack("portal-list")
    assert guess(["blk_no", "street", "max_floor_lvl", "total_dwelling_units"]) is pack("block-list")
    with pytest.raises(InvalidInput):
        read("物业\n甲\n")


def test_a_mapping_says_columns_constants_words_and_rows():
    listed, _, cells = read(
        "名,种类,用不用\n甲,楼盘甲类,是\n乙,楼盘甲类,否\n",
        "columns: {名: name, 种类: kind}\nconstants: {source: 房管, county: 东区}\nwords: {楼盘甲类: 集体宿舍}\n"
        "only: {用不用: [是]}\ndatum: bd09\n",
    )
    [one] = listed
    assert (one.name, one.kind, one.source, one.where[1]) == ("甲", CompoundKind.DORMITORY, "房管", "东区")
    assert (cells.skipped, cells.reading.datum, cells.unmapped) == (1, "bd09", [])
    as_json = json.dumps({"columns": {"名": "name"}})
    assert read("名\n甲\n", as_json)[0][0].name == "甲"
    blocks = "blk_no,street,max_floor_lvl,total_dwelling_units,residential\n1,甲路,2,4,Y\n2,甲路,2,4,N\n"
    columns = {"blk_no": "building", "street": "name", "total_dwelling_units": "homes"}
    listed, _, cells = read(blocks, json.dumps({"columns": columns}), source="")
    assert ([one.source for one in listed], cells.skipped, cells.reading.datum) == (["楼栋表"], 1, "wgs84")
    assert read(blocks, json.dumps({"columns": columns, "only": {}}))[2].skipped == 0
    for bad in (
        "[1]",
        "columns: {名: colour}",
        "columns: 3",
        "{",
        "extra: 1",
        "only: {名: 是}",
        "words: {甲: 乙}",
        "x" * 70_000,
    ):
        with pytest.raises(InvalidInput) as caught:
            read_mapping(bad)
        assert caught.value.field == "mapping"


def test_geojson_gives_points_and_polygons():
    square = [[[104, 30], [104.01, 30], [104.01, 30.01], [104, 30.01], [104, 30]]]
    given = [
        ({"小区名称": "甲苑", "户数": 12.0}, {"type": "Point", "coordinates": [104.5, 30.5]}),
        ({"小区名称": "乙苑"}, {"type": "Polygon", "coordinates": square}),
        ({"小区名称": "丙苑"}, None),
    ]
    features = [{"type": "Feature", "properties": facts, "geometry": shape} for facts, shape in given]
    content = gzip.compress(json.dumps({"type": "FeatureCollection", "features": features}).encode())
    cells = read_cells(content)
    listed = Grouping(cells.reading, "甲", {2: "a shape"}).take(cells.lines)
    assert [(one.row, one.name, one.households, one.lon, one.shape) for one in listed] == [
        (1, "甲苑", 12, 104.5, None), (2, "乙苑", None, None, "a shape"), (3, "丙苑", None, None, None),
    ]  # fmt: skip
    assert list(cells.shapes) == [2]
    for bad in (b"{", b'{"features": 3}', b'{"type": "FeatureCollection", "features": []}', b"\x1f\x8bxx"):
        with pytest.raises(InvalidInput):
            read_cells(bad)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("示例苑（一期）", "示例苑1期", True), ("示例苑(一期)", "示例小区·一期", True), ("ＡＢ花园", "ab花园", True),
        ("示例苑", "示例苑二期", False), ("示例东苑", "示例西苑", False), ("示例 小区", "示例", True),
        ("小区", "小区", True), ("苑", "院", False), ("第十期示例", "示例", False),
    ],
)  # fmt: skip
def test_names_that_are_the_same(one, other, same):
    assert (same_name(one) == same_name(other)) is same


@given(st.text(max_size=30))
def test_names_compare_alike_whenever_they_are_compared(text):
    assert same_name(text) == same_name(text)
    assert same_building(text) == same_building(text)


def known(number, level, code, name, *above):
    return Known(
        UUID(int=number),
        level,
        code,
        name,
        code[:6] if level.rank >= 2 else "",
        frozenset(UUID(int=at) for at in above),
    )


GAZETTEER = Gazetteer([
    known(1, Level.CITY, "900100", "甲市"), known(2, Level.COUNTY, "900101", "青石区", 1),
    known(3, Level.COUNTY, "900102", "丰县", 1), known(4, Level.CITY, "900200", "乙市"),
    known(5, Level.COUNTY, "900201", "鼓台区", 4), known(6, Level.COUNTY, "900103", "鼓台区", 1),
    known(7, Level.COMMUNITY, "900101001001", "长乐社区居委会", 2, 1),
])  # fmt: skip


@pytest.mark.parametrize(
    ("text", "within", "codes"),
    [
        ("青石", None, ["900101"]), ("青石区", None, ["900101"]), ("青石外滩", None, ["900101"]),
        ("丰", None, ["900102"]),
        ("丰县东城", None, ["900102"]), ("丰台", None, []), ("高新", None, []), ("甲市", None, []),
        ("鼓台", None, ["900103", "900201"]), ("鼓台", 1, ["900103"]), ("青石", 4, []),
    ],
)  # fmt: skip
def test_districts_by_informal_names(text, within, codes):
    found = GAZETTEER.counties(text, None if within is None else UUID(int=within))
    assert sorted(one.code for one in found) == codes


def test_communities_by_the_name_of_their_office():
    for name in ("长乐社区", "长乐社区居民委员会", "长乐"):
        assert [one.code for one in GAZETTEER.named(name, Level.COMMUNITY)] == ["900101001001"]
    assert GAZETTEER.coded("900101001001").name == "长乐社区居委会"
    assert GAZETTEER.coded("900101000000").code == "900101"


def test_the_datum_is_told_by_counties():
    """Points of a town drawn in each datum, close to the border on every side."""
    county = shapely.box(104.0, 30.0, 104.1, 30.1)
    edge = np.linspace(0.0005, 0.0995, 60)
    lon = 104 + np.concatenate([edge, edge, np.full(60, 0.0005), np.full(60, 0.0995)])
    lat = 30 + np.concatenate([np.full(60, 0.0005), np.full(60, 0.0995), edge, edge])
    own = [county] * len(lon)
    drawn = {
        Datum.WGS84: (lon, lat), Datum.GCJ02: coordinates.wgs84_to_gcj02(lon, lat),
        Datum.BD09: coordinates.wgs84_to_bd09(lon, lat),
    }  # fmt: skip
    for datum, (x, y) in drawn.items():
        finding = detect(x, y, own)
        assert (finding.found, finding.shares[datum], finding.counted) == (datum, 1.0, 240)
        back = to_wgs84(datum, x, y)
        assert np.abs(back[0] - lon).max() < 1e-8
    # In the middle every datum fits: the points tell nothing.
    middle = np.full(9, 104.05), np.full(9, 30.05)
    assert detect(*middle, [county] * 9).found is None
    assert detect(*middle, [None] * 9).counted == 0


def outlines(shapes, *places):
    order = list(shapes)
    return Outlines(
        Gazetteer(places), shapes, frozenset(), order, shapely.STRtree(list(shapes.values())),
        np.array([one.area for one in shapes.values()]),
    )  # fmt: skip


def test_points_that_cannot_be_right():
    here, there = known(2, Level.COUNTY, "900101", "青石区"), known(3, Level.COUNTY, "900102", "丰县")
    map_ = outlines(
        {here.id: shapely.box(104, 30, 104.2, 30.2), there.id: shapely.box(104.2, 30, 104.4, 30.2)},
        here,
        there,
    )
    listed, _, _ = read(
        "小区名称,区县,经度,纬度\n"
        "正好,青石,104.1,30.1\n"
        "反了,青石,30.1,104.1\n"
        "邻县,青石,104.3,30.1\n"
        "海上,青石,110.0,20.0\n"
        "天外,青石,999,30\n"
        "近边,青石,104.201,30.1\n"
        "高新,高新,104.3,30.1\n"
    )
    found = place(listed, map_, stated=Datum.WGS84, ground=None)
    assert [(one.row, one.code) for one in found.wrong_points] == [
        (3, "swapped"), (4, "other-county"), (5, "outside"), (6, "not-on-earth"),
    ]  # fmt: skip
    assert [(one.row, one.code) for one in found.warnings] == [(8, "managing-area")]
    assert [one.lon for one in listed] == [104.1, None, 104.3, None, None, 104.201, 104.3]
    assert [one.area for one in listed] == ["900101"] * 6 + ["900102"]
    assert (found.inside, found.counted) == (1, 6)
    unclear = place(read("小区名称,区县,经度,纬度\n甲,青石,104.1,30.1\n")[0], map_, stated=None, ground=None)
    assert [one.code for one in unclear.errors] == ["datum-unclear"]


def test_invalid_polygons_are_repaired():
    bow = {"type": "Polygon", "coordinates": [[[0, 0], [2, 2], [2, 0], [0, 2], [0, 0]]]}
    found = polygon_of(bow)
    assert found.fault and found.shape.is_valid and found.shape.geom_type == "MultiPolygon"
    assert found.shape.area == pytest.approx(2.0)
    good = polygon_of({"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]})
    assert (good.fault, good.shape.area) == ("", 0.5)
    for bad in (
        None,
        {},
        {"type": "Point", "coordinates": [1, 2]},
        {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [0, 0], [0, 0]]]},
    ):
        assert polygon_of(bad) is None


RULE = in_force.Rule(("chosen", "floors", "priority", "newest"), ("人工", "街道"), 0.9, 0.10)


def said(source, households=None, day=1, buildings=None, name="甲苑"):
    return Said(source, "k", date(2026, 1, day), name, households=households, buildings=buildings)


@pytest.mark.parametrize(
    ("lines", "floors", "choices", "expected", "conflict"),
    [
        ([said("甲平台", 100)], None, {}, (100, "甲平台", "only"), False),
        ([said("甲平台", 100), said("乙平台", 100)], None, {}, (100, "乙平台", "agreed"), False),
        ([said("甲平台", 100, 2), said("乙平台", 120)], None, {}, (100, "甲平台", "newest"), True),
        ([said("甲平台", 100, 2), said("乙平台", 109)], None, {}, (100, "甲平台", "newest"), False),
        ([said("某街道台账", 90), said("乙平台", 120, 9)], None, {}, (90, "某街道台账", "priority"), True),
        ([said("某街道台账", 90, buildings=2)], Counted(80, 2), {}, (80, "", "floors"), True),
        ([said("某街道台账", 90, buildings=9)], Counted(20, 2), {}, (90, "某街道台账", "only"), False),
        ([said("甲平台", 100), said("乙平台", 120)], Counted(80, 2), {"households": Choice("乙平台", "k", "因")},
         (120, "乙平台", "chosen"), False),
        ([said("甲平台", 100), said("乙平台")], None, {"households": Choice("乙平台", "k", "因")},
         (100, "甲平台", "only"), False),
    ],
)  # fmt: skip
def test_the_source_in_force(lines, floors, choices, expected, conflict):
    found, differs = in_force.decide(lines, RULE, floors=floors, choices=choices)
    ruling = found["households"]
    assert (ruling.value, ruling.source, ruling.why) == expected
    assert differs is conflict
    assert in_force.decide(lines[::-1], RULE, floors=floors, choices=choices) == (found, differs)


def test_the_rule_that_comes_with_the_program():
    rule = in_force.rule()
    assert rule.rules[0] == "chosen" and rule.conflict_over == 0.10
    assert in_force.rank("人工登记", rule) == 0
