"""Reading a file of divisions: headings, forms, and what is refused."""

import gzip
import io

import pytest
import xlsxwriter

from shanzhi.city.places.levels import Level, area_of, canonical, codes_above, level_of
from shanzhi.city.places.rows import DivisionRow, read_divisions
from shanzhi.core.kit.errors import InvalidInput

LINES = (
    "year,province,city,city_code,county,county_code,street,street_code,"
    "community,community_code,urban_rural_code\n"
    "2022,甲省,乙市,900100000000,东区,900101000000,春风街道,900101001000,长乐社区,900101001001,111\n"
    "2022,甲省,乙市,900100000000,东区,900101000000,春风街道,900101001000,北门社区,900101001002,112\n"
)


def test_chinese_and_english_headings_read_alike():
    chinese = (
        "代码,名称,级别,上级代码,城乡分类,原代码,撤销,经度,纬度\n"
        "900101,东区,区县,900100,,900103,,104.1,30.6\n"
    )
    english = (
        "code,name,level,parent,urban_rural_class,former_code,closed,lon,lat\n"
        "900101,东区,区县,900100,,900103,,104.1,30.6\n"
    )
    expected = DivisionRow(
        2, "900101", "东区", "区县", "900100", former_code="900103", lon="104.1", lat="30.6"
    )
    assert read_divisions(chinese.encode()) == [expected]
    assert read_divisions(english.encode("gb18030")) == [expected]
    assert read_divisions(b"\xef\xbb\xbf" + english.encode()) == [expected]


def test_a_list_of_communities_yields_each_place_once_with_its_parent():
    expected = [
        DivisionRow(2, "900000", "甲省", "province"),
        DivisionRow(2, "900100000000", "乙市", "city", "900000"),
        DivisionRow(2, "900101000000", "东区", "county", "900100000000"),
        DivisionRow(2, "900101001000", "春风街道", "street", "900101000000"),
        DivisionRow(2, "900101001001", "长乐社区", "community", "900101001000", "111"),
        DivisionRow(3, "900101001002", "北门社区", "community", "900101001000", "112"),
    ]
    assert read_divisions(LINES.encode()) == expected
    assert read_divisions(gzip.compress(LINES.encode())) == expected


def test_excel_numbers_are_codes():
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["代码", "名称"])
        sheet.write_row(1, 0, [900101001001, "长乐社区"])
        sheet.write_row(3, 0, ["900101001002", "北门社区"])
    assert read_divisions(file.getvalue()) == [
        DivisionRow(2, "900101001001", "长乐社区"),
        DivisionRow(4, "900101001002", "北门社区"),
    ]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "文件为空。"),
        ("名称\n东区\n".encode(), "缺少列：代码"),
        ("省,市,社区代码\n".encode(), "缺少列：市代码、区县、区县代码、街道、街道代码、社区"),
        (b"\x1f\x8b broken", "无法解压该文件。"),
        (b"PK broken", "无法读取该 Excel 文件。"),
        (b"\xff\xff\xff", "文件编码应为 UTF-8 或 GB18030。"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(content, reason):
    with pytest.raises(InvalidInput) as caught:
        read_divisions(content)
    assert (caught.value.field, caught.value.params["reason_zh"]) == ("file", reason)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("51", ("510000", Level.PROVINCE)),
        ("510000000000", ("510000", Level.PROVINCE)),
        ("5101", ("510100", Level.CITY)),
        ("510107", ("510107", Level.COUNTY)),
        ("510107000000", ("510107", Level.COUNTY)),
        ("510107001000", ("510107001", Level.STREET)),
        ("510107001004", ("510107001004", Level.COMMUNITY)),
        ("510107001004001", ("510107001004001", Level.GRID)),
        ("510107001004001002", ("510107001004001002", Level.MICROGRID)),
        ("5", None),
        ("51010700", None),
        ("51010A", None),
        ("５１０１０７", None),
        ("000000", None),
        ("", None),
    ],
)
def test_code_forms(code, expected):
    assert canonical(code) == expected


def test_digits_of_the_parent_and_the_area():
    assert codes_above("510000", Level.PROVINCE) == ()
    assert codes_above("510107", Level.COUNTY) == ("510100", "510000")
    assert codes_above("510107001", Level.STREET) == ("510107",)
    assert codes_above("510107001004001", Level.GRID) == ("510107001004",)
    assert area_of("510100", Level.CITY) == ""
    assert area_of("510107001", Level.STREET) == "510107"
    assert [level_of(word) for word in ("镇", "Street", "微网格", "洲")] == [
        Level.STREET, Level.STREET, Level.MICROGRID, None,
    ]  # fmt: skip
