"""Tables from files: what is read, and one clear error for what cannot be."""

from __future__ import annotations

import gzip
import io

import pytest
import xlsxwriter

from shanzhi.core.documents import check_size, read_table, require_columns
from shanzhi.core.kit.errors import InvalidInput

LIMITS = {"max_bytes": 1024**2, "max_unpacked_bytes": 4 * 1024**2, "max_rows": 3}
TEXT = "代码,名称\n 01 ,甲\n02,\n"
TABLE = [["代码", "名称"], ["01", "甲"], ["02", ""]]


def excel(*lines: list[object]) -> bytes:
    made = io.BytesIO()
    with xlsxwriter.Workbook(made) as book:
        sheet = book.add_worksheet()
        for number, cells in enumerate(lines):
            sheet.write_row(number, 0, cells)
    return made.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_csv(encoding: str) -> None:
    assert read_table(TEXT.encode(encoding), **LIMITS) == TABLE


def test_excel_with_whole_numbers() -> None:
    assert read_table(excel(["代码", "数"], [1, 2.0], ["02", 2.5]), **LIMITS) == [
        ["代码", "数"], ["1", "2"], ["02", "2.5"],
    ]  # fmt: skip


def test_zipped_where_it_is_wanted() -> None:
    packed = gzip.compress(TEXT.encode())
    assert read_table(packed, **LIMITS, gzipped=True) == TABLE
    with pytest.raises(InvalidInput):
        read_table(packed, **LIMITS)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "文件为空。"),
        (b"PK\x03\x04 no excel", "无法读取该 Excel 文件。"),
        (b"\xff\xfe\x00\x81", "文件编码应为 UTF-8 或 GB18030。"),
        (b"\x1f\x8b damaged", "无法解压该文件。"),
        (gzip.compress(bytes(5 * 1024**2)), "文件解压后过大。"),
        (b"a\n1\n2\n3\n4\n", "最多 3 行。"),
        (bytes(1024**2 + 1), "文件不得超过 1 MB。"),
    ],
)
def test_what_cannot_be_used_names_the_file(content: bytes, sentence: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_table(content, **LIMITS, gzipped=True)
    assert (refused.value.field, refused.value.sentence("zh")) == ("file", sentence)


def test_missing_columns_are_named_as_in_the_file() -> None:
    columns = {"代码": "code", "名称": "name"}
    require_columns(["code", "name"], ["code", "name"], columns)
    with pytest.raises(InvalidInput) as refused:
        require_columns(["code"], ["code", "name"], columns)
    assert refused.value.sentence("zh") == "缺少列：名称"
    check_size(5, 5)
