"""Which compound a row means, and what a second list does to the first."""

from datetime import date

import pytest

from shanzhi.base.access import SYSTEM
from shanzhi.base.access.capabilities import PLACE_MANAGE
from shanzhi.city.compounds import actions
from shanzhi.city.compounds.errors import CodeTaken
from shanzhi.city.compounds.models import Building, Compound, CompoundSource, Floor, Home
from shanzhi.city.compounds.reading import read_cells

DAYS = [date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)]


@pytest.fixture
def take(town, at):
    """Import a text as a source; every compound lies in the east district."""

    def run(text, source="甲", on=DAYS[0], **more):
        report = actions.import_compounds(
            read_cells(text.encode()), source=source, datum="wgs84", place_id=town["900101"], on=on, actor=SYSTEM,
            at=at, **more,
        )  # fmt: skip
        assert more.get("partial") or report.errors == []
        return report

    return run


def counts(report):
    return report.created, report.merged, report.changed, report.unchanged


HEAD = "编号,标准地址编码,小区名称,地址,经度,纬度,小区总户数\n"
FIRST = HEAD + ",510-7,示例苑（一期）,春风路1号,104.0000,30.0000,100\n"


@pytest.mark.parametrize(
    ("line", "joined"),
    [
        (",,示例小区1期,,104.0025,30.0000,90", True),  # 240 m away
        (",,示例苑一期,,104.0040,30.0000,90", False),  # 386 m away
        (",,示例苑一期,春风路１号,,,90", True),
        (",,示例苑一期,,,,90", False),  # the name alone
        (",,示例苑二期,春风路1号,104.0000,30.0000,90", False),
        (",510-7,另一个名字,,104.2,30.2,90", True),
        (",510-8,示例苑一期,春风路1号,104.0000,30.0000,90", False),  # another code
    ],
)
def test_the_same_compound_in_another_source(take, line, joined):
    take(FIRST)
    report = take(HEAD + line + "\n", source="乙")
    assert counts(report) == ((0, 1, 0, 0) if joined else (1, 0, 0, 0))
    assert Compound.objects.count() == 2 - joined
    assert CompoundSource.objects.count() == 2
    by_name = "示例苑一期" in line and not joined
    assert [one.code for one in report.warnings] == (["same-name"] if by_name else [])


def test_in_another_district_it_is_another(take, town, at):
    take(FIRST)
    west = actions.import_compounds(
        read_cells(FIRST.encode()), source="乙", datum="wgs84", place_id=town["900102"], on=DAYS[0], actor=SYSTEM,
        at=at,
    )  # fmt: skip
    assert counts(west) == (1, 0, 0, 0)


def test_one_source_that_lists_two_means_two(take):
    two = (
        HEAD + "A1,,示例苑,,104.0,30.0,10\nA2,,示例苑,,104.0001,30.0,20\n"
        ",,同名院,一路,104.1,30.1,1\n,,同名院,二路,104.1,30.1,2\n"
    )
    assert counts(take(two)) == (4, 0, 0, 0)
    assert counts(take(two)) == (0, 0, 0, 4)
    # Alone in its file, the row is still known, though its key was longer among others.
    assert counts(take(HEAD + ",,同名院,二路,104.1,30.1,3\n"))[:2] == (0, 0)
    assert Compound.objects.count() == CompoundSource.objects.count() == 4


def test_a_key_outlives_the_name(take):
    take(HEAD + "A1,,旧名苑,,104.0,30.0,10\n")
    assert counts(take(HEAD + "A1,,新名府,,104.1,30.1,10\n", on=DAYS[1])) == (0, 0, 1, 0)
    assert list(Compound.objects.values_list("name", "lon")) == [("新名府", 104.1)]
    assert CompoundSource.objects.get().seen_on == DAYS[1]


def test_one_file_of_several_sources(take):
    text = (
        "来源,小区名称,经度,纬度,小区总户数\n甲平台,示例苑,104.0,30.0,100\n乙平台,示例小区,104.001,30.0,100\n"
        "某街道,示例苑,104.0,30.001,160\n"
    )
    assert counts(take(text)) == (1, 2, 0, 0)
    one = Compound.objects.get()
    # 街道 comes before portals in the rule that comes with the program.
    assert (one.households, one.conflict) == (160, True)
    assert counts(take(text)) == (0, 0, 0, 3)


def test_a_code_is_never_held_twice(take, at):
    take(HEAD + "A1,,甲苑,,104.0,30.0,10\nA2,77,乙苑,,104.1,30.1,10\n")
    report = take(HEAD + "A1,77,甲苑,,104.0,30.0,10\n")
    assert [(one.row, one.code) for one in report.warnings] == [(2, "code-taken")]
    assert sorted(Compound.objects.values_list("name", "code")) == [("乙苑", "77"), ("甲苑", "")]
    first = Compound.objects.get(name="甲苑")
    with pytest.raises(CodeTaken):
        actions.put_in_force(
            first.area, first.id, field="code", source="甲", reason="试", actor=SYSTEM, at=at
        )


def floors():
    return list(
        Floor.objects.filter(closed_on=None).order_by("stairwell", "floor").values_list(
            "stairwell", "floor", "top", "homes", "shops", "estimated"
        )
    )  # fmt: skip


def test_listed_floors_replace_estimates_and_never_the_reverse(take):
    estimate = "小区名称,楼栋,总层数,户数\n示例苑,1栋,3,7\n"
    take(estimate)
    assert floors() == [("", 1, 1, 3, 0, True), ("", 2, 2, 2, 0, True), ("", 3, 3, 2, 0, True)]
    kept = Floor.objects.get(floor=1).id
    take("小区名称,楼栋,楼层,户数\n示例苑,1号楼,1,4\n示例苑,1号楼,2-3,8\n", on=DAYS[1])
    assert floors() == [("", 1, 1, 4, 0, False), ("", 2, 3, 8, 0, False)]
    assert Floor.objects.get(floor=1).id == kept
    assert Floor.objects.get(floor=3).closed_on == DAYS[1]
    assert (Building.objects.count(), Compound.objects.get().households) == (1, 12)
    assert counts(take(estimate, source="乙", on=DAYS[2])) == (1, 0, 0, 0)  # only the name is the same
    assert counts(take(estimate, on=DAYS[2])) == (0, 0, 0, 1)
    assert Compound.objects.get(households=12)


def test_doors_come_one_by_one(take):
    head = "小区名称,楼栋,单元,门牌号,用途\n"
    take(head + "示例苑,1栋,1单元,101,\n示例苑,1栋,1单元,102,门面\n示例苑,1栋,1单元,201,\n")
    assert floors() == [("1单元", 1, 1, 1, 1, False), ("1单元", 2, 2, 1, 0, False)]
    again = head + "示例苑,1栋,一单元,102,\n示例苑,1 幢,1 单元,202,\n示例苑,1栋,1 单元,301,\n"
    assert counts(take(again)) == (0, 0, 1, 0)
    assert floors() == [
        ("1单元", 1, 1, 2, 0, False), ("1单元", 2, 2, 2, 0, False), ("1单元", 3, 3, 1, 0, False),
    ]  # fmt: skip
    assert sorted(Home.objects.values_list("number", "is_shop")) == [
        ("101", False), ("102", False), ("201", False), ("202", False), ("301", False),
    ]  # fmt: skip
    assert counts(take(again)) == (0, 0, 0, 1)
    assert Compound.objects.get().households == 5


def test_nobody_changes_what_lies_outside_their_places(town, at, take, post_at):
    take(FIRST + "A9,,别院,,104.1,30.1,9\n")
    there = town["900101001002"]
    Compound.objects.update(place=there)
    here = post_at(town["900101001001"], PLACE_MANAGE)
    before = list(Compound.objects.values()), list(CompoundSource.objects.values())
    for source in ("甲", "乙"):
        report = actions.import_compounds(
            read_cells((FIRST.replace(",100", ",1") + ",,新院,新路,,,5\n").encode()), source=source, datum="wgs84",
            place_id=town["900101001001"], on=DAYS[1], actor=here, at=at, close_gone=True,
        )  # fmt: skip
        assert [(one.row, one.code) for one in report.errors] == [(2, "outside-your-places")]
    assert (list(Compound.objects.values()), list(CompoundSource.objects.values())) == before
    report = actions.import_compounds(
        read_cells((HEAD + ",,新院,新路,,,5\n").encode()), source="甲", datum="wgs84",
        place_id=town["900101001001"], on=DAYS[1], actor=here, at=at, close_gone=True,
    )  # fmt: skip
    # The source lists the others no longer, but they are not this post's to end.
    assert (counts(report), report.closed) == ((1, 0, 0, 0), 0)
    assert Compound.objects.filter(closed_on=None).count() == 3


def test_floors_that_overlap_are_an_error_of_their_row(take):
    text = "小区名称,楼栋,楼层,户数\n示例苑,1栋,1-3,9\n示例苑,1栋,3,2\n好苑,1栋,1,2\n"
    report = take(text, partial=True)
    assert [(one.row, one.code) for one in report.errors] == [(3, "floors-overlap")]
    assert list(Compound.objects.values_list("name", flat=True)) == ["好苑"]


def test_a_few_floors_do_not_speak_for_all(take):
    take("小区名称,小区总户数,楼栋数,楼栋,楼层,户数\n示例苑,300,10,,,\n示例苑,,,1栋,1,4\n")
    one = Compound.objects.get()
    assert (one.households, one.buildings, one.conflict) == (300, 10, False)


@pytest.mark.once
def test_thousands_come_in_by_sets(take, django_assert_max_num_queries):
    lines = [f"A{n},,示例{n}院,,{104 + n / 10_000:.4f},30.0,{n}" for n in range(3000)]
    with django_assert_max_num_queries(60):
        assert counts(take(HEAD + "\n".join(lines) + "\n")) == (3000, 0, 0, 0)
    with django_assert_max_num_queries(60):
        assert counts(take(HEAD + "\n".join(lines) + "\n")) == (0, 0, 0, 3000)


def test_rows_keep_to_their_area(take):
    take("小区名称,楼栋,楼层,门牌号,户数\n示例苑,1栋,1,101,\n")
    for table in (Compound, CompoundSource, Building, Floor, Home):
        assert set(table.objects.values_list("area", flat=True)) == {"900101"}
