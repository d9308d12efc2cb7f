"""Writing Excel workbooks (Excel 工作簿) that look right in Excel, WPS and LibreOffice."""

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from itertools import chain, islice
from typing import Any

import xlsxwriter

from shanzhi.core.documents.values import (
    NOTHING,
    SAMPLE_ROWS,
    Column,
    as_text,
    checked_row,
    figure,
    is_nothing,
    plain,
    wall_clock,
    widths,
)
from shanzhi.core.kit.errors import InvalidInput

FONT = "微软雅黑"
MOST_ROWS = 1_048_575
MOST_COLUMNS = 16_384
_LONGEST_TEXT = 32_767
_LONGEST_TITLE = 31
# Beyond 15 digits Excel rounds: an identity number would end in zeros.
_LARGEST_EXACT = 10**15
_FIRST_YEAR = 1900
_FORMATS = {
    "text": {"text_wrap": True},
    "number": {"num_format": "#,##0.##"},
    "whole": {"num_format": "#,##0"},
    "percent": {"num_format": "0.0%"},
    "datetime": {"num_format": "yyyy-mm-dd hh:mm", "align": "left"},
    "day": {"num_format": "yyyy-mm-dd", "align": "left"},
    "seconds": {"num_format": "[h]:mm:ss"},
    "formula-like": {"text_wrap": True, "quote_prefix": True},
    "right": {"align": "right"},
    "head": {"bold": True, "text_wrap": True, "bg_color": "#E8EEF4", "bottom": 1, "valign": "vcenter"},
}


@dataclass(frozen=True)
class Sheet:
    """A sheet (工作表): its title, its columns, and rows with one value for each column."""

    title: str
    columns: Sequence[Column]
    rows: Iterable[Sequence[object]]


def write_workbook(sheets: Sequence[Sheet], *, zone: tzinfo, at: datetime) -> bytes:
    """An .xlsx file of the sheets (导出 Excel): heading row bold, frozen and with a filter; rows streamed.

    `zone` is the zone whose wall clock instants are written in; `at`, aware, is the file's date of creation:
    the same input gives the same bytes. None is written as "–", never as 0. Text stays text, also when it
    looks like a formula, as does a whole number of more than 15 digits, a negative duration and a date before
    1900, which Excel cannot hold. Titles of sheets are cleaned to Excel's rules.

    Raises ValueError without sheets or columns, for a row of another length and for naive instants;
    InvalidInput on `rows` for more than 1,048,575 of them.
    """
    if not sheets:
        raise ValueError("a workbook needs a sheet")
    if at.utcoffset() is None:
        raise ValueError("at must be aware")
    made = io.BytesIO()
    options = {
        "constant_memory": True,
        "default_format_properties": {"font_name": FONT, "font_size": 10, "valign": "top"},
    }
    book = xlsxwriter.Workbook(made, options)
    try:
        formats = {name: book.add_format(look) for name, look in _FORMATS.items()}
        for title, sheet in zip(sheet_titles(sheet.title for sheet in sheets), sheets, strict=True):
            _fill(book.add_worksheet(title), sheet, formats, zone)
        book.set_properties({"created": wall_clock(at, zone)})
    finally:
        # Also after an error: the rows wait in temporary files.
        book.close()
    return made.getvalue()


def sheet_titles(wanted: Iterable[str]) -> list[str]:
    """Titles (工作表名) as Excel allows them: at most 31 UTF-16 units, none of []:*?/\\, each only once."""
    found: list[str] = []
    taken = {"history"}
    for title in wanted:
        clean = "".join("-" if char in "[]:*?/\\" else char for char in plain(title).replace("\n", " "))
        clean = _cut(clean.strip(" '"), _LONGEST_TITLE).strip(" '") or "Sheet"
        name, number = clean, 1
        while name.casefold() in taken:
            number += 1
            ending = f" ({number})"
            name = _cut(clean, _LONGEST_TITLE - len(ending)).rstrip() + ending
        taken.add(name.casefold())
        found.append(name)
    return found


def _cut(text: str, units: int) -> str:
    """The beginning of the text with at most so many UTF-16 units, as Excel counts."""
    return text.encode("utf-16-le")[: 2 * units].decode("utf-16-le", "ignore")


def _fill(page: Any, sheet: Sheet, formats: dict[str, Any], zone: tzinfo) -> None:
    columns = list(sheet.columns)
    if not 0 < len(columns) <= MOST_COLUMNS:
        raise ValueError("a sheet needs from 1 to 16384 columns")
    rows = (checked_row(row, columns) for row in sheet.rows)
    sample = list(islice(rows, SAMPLE_ROWS))
    for place, (column, width) in enumerate(zip(columns, widths(columns, sample, zone), strict=True)):
        page.set_column(place, place, width)
        page.write_string(0, place, _short(plain(column.title)), formats["head"])
    page.freeze_panes(1, 0)
    last = 0
    for last, row in enumerate(chain(sample, rows), start=1):
        if last > MOST_ROWS:
            reason = f"Excel 工作表最多 {MOST_ROWS} 行，请缩小范围后再导出。"
            english = f"An Excel sheet holds at most {MOST_ROWS} rows: narrow the selection and try again."
            raise InvalidInput(field="rows", reason_zh=reason, reason_en=english)
        for place, value in enumerate(row):
            _write(page, last, place, value, columns[place].kind, formats, zone)
    page.autofilter(0, 0, last, len(columns) - 1)


def _short(text: str) -> str:
    """Text cut with a mark to what an Excel cell can hold."""
    if len(text.encode("utf-16-le")) <= 2 * _LONGEST_TEXT:
        return text
    return _cut(text, _LONGEST_TEXT - 1) + "…"


def _write(
    page: Any, row: int, place: int, value: object, kind: str, formats: dict[str, Any], zone: tzinfo
) -> None:
    if is_nothing(value):
        page.write_string(row, place, NOTHING, formats["text" if kind == "text" else "right"])
        return
    if isinstance(value, date):
        shown = wall_clock(value, zone)
        if shown.year >= _FIRST_YEAR:
            page.write_datetime(
                row, place, shown, formats["datetime" if isinstance(shown, datetime) else "day"]
            )
            return
    number = None if kind == "text" else figure(value)
    if number is not None and kind == "seconds" and number >= 0:
        page.write_number(row, place, number / 86_400, formats["seconds"])
    elif number is not None and kind in ("number", "percent") and abs(number) < _LARGEST_EXACT:
        look = "whole" if kind == "number" and float(number).is_integer() else kind
        page.write_number(row, place, number, formats[look])
    else:
        text = _short(plain(str(value)) if kind == "number" else as_text(value, kind, zone))
        # Stored as text either way; the prefix keeps it text when somebody edits the cell.
        page.write_string(
            row, place, text, formats["formula-like" if text[:1] in "=+-@" and text else "text"]
        )
