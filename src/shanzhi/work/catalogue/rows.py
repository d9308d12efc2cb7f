"""Read a file of conditions (CSV or Excel) into rows. Nothing here touches the database."""

import csv
import io
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass

from python_calamine import CalamineError, CalamineWorkbook

from shanzhi.core.kit.errors import InvalidInput

MAX_FILE_BYTES = 5 * 1024 * 1024
MAX_UNPACKED_BYTES = 100 * 1024 * 1024
MAX_ROWS = 20_000

# Heading in the file -> field. English headings are the field names themselves.
COLUMNS = {
    "类型": "family",
    "大类代码": "major_code",
    "大类名称": "major",
    "小类代码": "minor_code",
    "小类名称": "name",
    "处置单位": "unit_name",
    "主管部门": "authority_name",
    "立案条件": "filing_rule",
    "结案条件": "closing_rule",
    "处置时限": "limit_text",
}
REQUIRED = (
    "family", "major_code", "major", "minor_code", "name", "filing_rule", "closing_rule", "limit_text",
)  # fmt: skip
_HEADINGS = {field: heading for heading, field in COLUMNS.items()}


@dataclass(frozen=True)
class ConditionRow:
    """One condition as written. `row` is the row in the file, the heading being row 1."""

    row: int
    family: str
    major_code: str
    major: str
    minor_code: str
    name: str
    filing_rule: str
    closing_rule: str
    limit_text: str
    unit_name: str = ""
    authority_name: str = ""
    major_en: str = ""
    name_en: str = ""
    resident_zh: str = ""
    resident_en: str = ""
    photo_required: bool = False


def _bad_file(zh: str, en: str) -> InvalidInput:
    return InvalidInput(field="file", reason_zh=zh, reason_en=en)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _csv_table(content: bytes) -> list[list[str]]:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        try:
            return [[_cell(cell) for cell in line] for line in csv.reader(io.StringIO(text, newline=""))]
        except csv.Error as error:
            raise _bad_file("文件不是有效的 CSV。", "The file is not valid CSV.") from error
    raise _bad_file("文件编码应为 UTF-8 或 GB18030。", "The file must be encoded in UTF-8 or GB18030.")


def _excel_table(content: bytes) -> list[list[str]]:
    try:
        if content[:2] == b"PK":
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                if sum(item.file_size for item in archive.infolist()) > MAX_UNPACKED_BYTES:
                    raise _bad_file("Excel 文件解压后过大。", "The Excel file is too large when unpacked.")
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        table = book.get_sheet_by_index(0).to_python(skip_empty_area=False)
    except (CalamineError, zipfile.BadZipFile, IndexError) as error:
        raise _bad_file("无法读取该 Excel 文件。", "The Excel file cannot be read.") from error
    return [[_cell(cell) for cell in line] for line in table]


def read_conditions(content: bytes) -> list[ConditionRow]:
    """Rows of a CSV or Excel file, told apart by content. Raises InvalidInput on field `file`."""
    if len(content) > MAX_FILE_BYTES:
        raise _bad_file("文件不得超过 5 MB。", "The file must not exceed 5 MB.")
    excel = content[:2] == b"PK" or content[:4] == b"\xd0\xcf\x11\xe0"
    table = _excel_table(content) if excel else _csv_table(content)
    if not table:
        raise _bad_file("文件为空。", "The file is empty.")
    if len(table) - 1 > MAX_ROWS:
        raise _bad_file(f"最多 {MAX_ROWS} 行。", f"At most {MAX_ROWS} rows.")
    fields = [COLUMNS.get(heading, heading) for heading in table[0]]
    missing = [_HEADINGS[field] for field in REQUIRED if field not in fields]
    if missing:
        names = "、".join(missing)
        raise _bad_file(f"缺少列：{names}", f"Missing columns: {names}")
    return list(_rows(fields, table[1:]))


def _rows(fields: list[str], lines: Iterable[list[str]]) -> Iterable[ConditionRow]:
    known = [*REQUIRED, "unit_name", "authority_name"]
    place = {field: fields.index(field) for field in known if field in fields}
    for number, line in enumerate(lines, start=2):
        if not any(line):
            continue
        yield ConditionRow(
            row=number,
            **{field: line[at] if at < len(line) else "" for field, at in place.items()},  # type: ignore[arg-type]
        )
