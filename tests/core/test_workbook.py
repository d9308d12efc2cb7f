"""Workbooks that go out: read back cell by cell, and what Excel may not do to them."""

from __future__ import annotations

import io
import math
import zipfile
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from shanzhi.core.documents import NOTHING, Column, Sheet, as_text, workbook, write_workbook
from shanzhi.core.documents.workbook import sheet_titles
from shanzhi.core.kit.errors import InvalidInput

ZONE = ZoneInfo("Asia/Shanghai")
AT = datetime(2026, 3, 5, 8, 30, tzinfo=ZONE)
ALL_KINDS = [
    Column("名称"),
    Column("件数", "number"),
    Column("按期率", "percent"),
    Column("时间", "datetime"),
    Column("用时", "seconds"),
]


def made(*sheets: Sheet) -> bytes:
    return write_workbook(sheets, zone=ZONE, at=AT)


def one(rows: list[list[object]], columns: list[Column] = ALL_KINDS) -> list[list[object]]:
    book = CalamineWorkbook.from_filelike(io.BytesIO(made(Sheet("表", columns, rows))))
    return book.get_sheet_by_index(0).to_python(skip_empty_area=False)


def part(content: bytes, name: str) -> str:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.read(name).decode()


def test_values_come_back_and_instants_are_on_the_wall_clock() -> None:
    instant = datetime(2026, 3, 5, 23, 5, tzinfo=UTC)
    [head, first, second] = one(
        [
            ["玉林街道", 12, 0.875, instant, 3661],
            ["芳草街道", Decimal("2.5"), 1, date(2026, 3, 6), timedelta(hours=30)],
        ]
    )
    assert head == ["名称", "件数", "按期率", "时间", "用时"]
    assert first[:4] == ["玉林街道", 12.0, 0.875, datetime(2026, 3, 6, 7, 5)]
    assert first[4] == timedelta(seconds=3661) or first[4] == pytest.approx(3661 / 86400)
    assert second[:4] == ["芳草街道", 2.5, 1.0, date(2026, 3, 6)]


@pytest.mark.parametrize("nothing", [None, math.nan, math.inf, Decimal("NaN")])
def test_nothing_is_a_dash_and_never_zero(nothing: object) -> None:
    assert one([[nothing] * 5]) == [["名称", "件数", "按期率", "时间", "用时"], [NOTHING] * 5]
    assert one([["", 0, 0.0, None, 0]])[1][1:3] == [0.0, 0.0]


@pytest.mark.parametrize("text", ["=1+1", "+86 138", "-1", "@甲", '=HYPERLINK("http://a.example")', "-"])
def test_what_looks_like_a_formula_stays_text(text: str) -> None:
    content = made(Sheet("表", [Column(text)], [[text]]))
    sheet = part(content, "xl/worksheets/sheet1.xml")
    assert "<f>" not in sheet and "hyperlink" not in sheet.lower().replace("=hyperlink", "")
    assert 'quotePrefix="1"' in part(content, "xl/styles.xml")
    assert one([[text]], [Column("甲")])[1] == [text]


def test_what_excel_would_spoil_is_kept_as_text() -> None:
    [_, row] = one([["510107199003071234", 510107199003071234, 0.5, date(1899, 12, 30), -61]])
    assert row == ["510107199003071234", "510107199003071234", 0.5, "1899-12-30", "-0:01:01"]
    [_, other] = one([[True, "不适用", "–", "待定", "–"]])
    assert other == ["True", "不适用", "–", "待定", "–"]


def test_the_heading_is_frozen_bold_and_has_a_filter() -> None:
    content = made(Sheet("表", [Column("甲", width=30), Column("乙", "number")], [["a", 1], ["b", 2]]))
    sheet, styles = part(content, "xl/worksheets/sheet1.xml"), part(content, "xl/styles.xml")
    assert 'state="frozen"' in sheet and 'topLeftCell="A2"' in sheet
    assert '<autoFilter ref="A1:B3"/>' in sheet
    assert "<b/>" in styles and workbook.FONT in styles
    assert 'min="1" max="1" width="30.7' in sheet


def test_widths_follow_the_words_within_bounds() -> None:
    content = made(Sheet("表", [Column("甲"), Column("乙")], [["中文二十个字" * 20, "x"]]))
    widths = part(content, "xl/worksheets/sheet1.xml").split('width="')
    assert widths[1].startswith("60.7") and widths[2].startswith("6.7")


def test_titles_follow_excels_rules() -> None:
    long = "很长的标题" * 10
    titles = sheet_titles(["[甲]:*?/\\乙", "", "History", "a", "A", long, long, "'引'", "😀" * 20])
    assert titles[:5] == ["-甲------乙", "Sheet", "History (2)", "a", "A (2)"]
    assert titles[5] == long[:31] and titles[6] == long[:27] + " (2)"
    assert titles[7] == "引" and titles[8] == "😀" * 15


@given(st.lists(st.text(max_size=40), max_size=8))
def test_any_titles_can_be_used(wanted: list[str]) -> None:
    titles = sheet_titles(wanted)
    assert len({title.casefold() for title in titles}) == len(wanted)
    if titles:
        content = made(*(Sheet(title, [Column("甲")], [["x"]]) for title in wanted))
        assert CalamineWorkbook.from_filelike(io.BytesIO(content)).sheet_names == titles


@given(st.lists(st.text(st.characters(), max_size=60), min_size=1, max_size=5))
def test_any_text_comes_back_but_for_what_no_file_can_hold(texts: list[str]) -> None:
    rows = one([[text] for text in texts], [Column("甲")])[1:]
    for text, [cell] in zip(texts, rows, strict=True):
        # Escapes of Excel (_x0041_) are the reader's to undo.
        assert cell == as_text(text, "text", ZONE) or "_x" in text


def test_text_too_long_for_a_cell_is_cut_with_a_mark() -> None:
    [_, [cell]] = one([["字" * 40_000]], [Column("甲")])
    assert cell == "字" * 32_766 + "…"
    [_, [cell]] = one([["😀" * 20_000]], [Column("甲")])
    assert cell == "😀" * 16_383 + "…"


def test_the_same_input_gives_the_same_bytes() -> None:
    sheet = Sheet("表", ALL_KINDS, [["甲", 1, 0.5, AT, 60]])
    assert made(sheet) == made(sheet)
    assert made(sheet) != write_workbook([sheet], zone=ZONE, at=AT + timedelta(days=1))
    assert "2026-03-05T08:30:00Z" in part(made(sheet), "docProps/core.xml")


def test_rows_are_streamed_and_too_many_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = ([f"网格员 {number}", number] for number in range(3_000))
    content = made(Sheet("表", [Column("甲"), Column("乙", "number")], rows))
    last = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()[-1]
    assert last == ["网格员 2999", 2999.0]
    monkeypatch.setattr(workbook, "MOST_ROWS", 2)
    assert len(one([["a"], ["b"]], [Column("甲")])) == 3
    with pytest.raises(InvalidInput) as refused:
        one([["a"], ["b"], ["c"]], [Column("甲")])
    assert refused.value.field == "rows"


def test_an_empty_table_still_has_its_heading() -> None:
    assert one([]) == [["名称", "件数", "按期率", "时间", "用时"]]


def test_mistakes_of_the_caller() -> None:
    for sheets in ([], [Sheet("表", [], [])], [Sheet("表", [Column("甲")], [["a", "b"]])]):
        with pytest.raises(ValueError):
            made(*sheets)
    with pytest.raises(ValueError):
        one([[datetime(2026, 3, 5)]], [Column("甲", "datetime")])
    with pytest.raises(ValueError):
        write_workbook([Sheet("表", [Column("甲")], [])], zone=ZONE, at=datetime(2026, 3, 5))
    with pytest.raises(ValueError):
        Column("甲", "money")  # type: ignore[arg-type]
    with pytest.raises(ValueError):
        Column("甲", width=0)


@pytest.mark.parametrize(
    ("value", "kind", "words"),
    [
        (None, "number", "–"),
        (1234567, "number", "1,234,567"),
        (1234.5, "number", "1,234.5"),
        (100.0, "number", "100"),
        (0.8756, "percent", "87.6%"),
        (0, "percent", "0.0%"),
        (360005, "seconds", "100:00:05"),
        (-59.6, "seconds", "-0:01:00"),
        (-0.2, "seconds", "0:00:00"),
        (timedelta(minutes=90), "text", "1:30:00"),
        (AT, "datetime", "2026-03-05 08:30"),
        (date(2026, 3, 5), "text", "2026-03-05"),
        ("甲\x00\ud800\r\n乙\t丙", "text", "甲\n乙 丙"),
    ],
)
def test_values_in_words(value: object, kind: str, words: str) -> None:
    assert as_text(value, kind, ZONE) == words
