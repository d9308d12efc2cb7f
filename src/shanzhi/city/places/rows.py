"""Read a file of divisions (CSV, zipped CSV or Excel) into rows. Nothing here touches the database."""

import csv
import gzip
import io
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from python_calamine import CalamineError, CalamineWorkbook

from shanzhi.core.kit.errors import InvalidInput

MAX_FILE_BYTES = 12 * 1024 * 1024
MAX_UNPACKED_BYTES = 120 * 1024 * 1024
MAX_ROWS = 200_000

# One place a row. English headings are the field names themselves.
COLUMNS = {
    "代码": "code",
    "名称": "name",
    "级别": "level",
    "上级代码": "parent",
    "parent_code": "parent",
    "城乡分类": "urban_rural_class",
    "城乡分类代码": "urban_rural_class",
    "urban_rural_code": "urban_rural_class",
    "原代码": "former_code",
    "撤销": "closed",
    "经度": "lon",
    "纬度": "lat",
}
REQUIRED = ("code", "name")
# One community a row, with everything above it: the form of statistical lists.
LINE_COLUMNS = {
    "省": "province",
    "市": "city",
    "市代码": "city_code",
    "区县": "county",
    "区县代码": "county_code",
    "街道": "street",
    "街道代码": "street_code",
    "社区": "community",
    "社区代码": "community_code",
}
_LINE_LEVELS = ("city", "county", "street", "community")


@dataclass(frozen=True, slots=True)
class DivisionRow:
    """One place as written. `row` is the row in the file, the heading being row 1.

    A blank `parent` means the one that the digits of the code name, and for a known place the present
    one. `former_code` says that the place had another code before; `closed` that it is no more.
    """

    row: int
    code: str
    name: str
    level: str = ""
    parent: str = ""
    urban_rural_class: str = ""
    former_code: str = ""
    closed: str = ""
    lon: str = ""
    lat: str = ""


def _bad_file(zh: str, en: str) -> InvalidInput:
    return InvalidInput(field="file", reason_zh=zh, reason_en=en)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _unpacked(content: bytes) -> bytes:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as packed:
            plain = packed.read(MAX_UNPACKED_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise _bad_file("无法解压该文件。", "The file cannot be unpacked.") from error
    if len(plain) > MAX_UNPACKED_BYTES:
        raise _bad_file("文件解压后过大。", "The file is too large when unpacked.")
    return plain


def _csv_table(content: bytes) -> list[list[str]]:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        try:
            return [[cell.strip() for cell in line] for line in csv.reader(io.StringIO(text, newline=""))]
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


def read_divisions(content: bytes) -> list[DivisionRow]:
    """Rows of a CSV, CSV.gz or Excel file, told apart by content. Raises InvalidInput on field `file`.

    Two forms are understood: one place a row (代码, 名称, …), and one community a row with its street
    office, district, city and province, of which each place is returned once.
    """
    if len(content) > MAX_FILE_BYTES:
        raise _bad_file("文件不得超过 12 MB。", "The file must not exceed 12 MB.")
    if content[:2] == b"\x1f\x8b":
        content = _unpacked(content)
    excel = content[:2] == b"PK" or content[:4] == b"\xd0\xcf\x11\xe0"
    table = _excel_table(content) if excel else _csv_table(content)
    if not table:
        raise _bad_file("文件为空。", "The file is empty.")
    if len(table) - 1 > MAX_ROWS:
        raise _bad_file(f"最多 {MAX_ROWS} 行。", f"At most {MAX_ROWS} rows.")
    headings = table[0]
    as_lines = [LINE_COLUMNS.get(heading, COLUMNS.get(heading, heading)) for heading in headings]
    if "community_code" in as_lines:
        _require(as_lines, LINE_COLUMNS.values(), LINE_COLUMNS)
        return list(_from_lines(as_lines, table[1:]))
    fields = [COLUMNS.get(heading, heading) for heading in headings]
    _require(fields, REQUIRED, COLUMNS)
    return list(_from_places(fields, table[1:]))


def _require(fields: Sequence[str], needed: Iterable[str], columns: dict[str, str]) -> None:
    headings = {field: heading for heading, field in columns.items()}
    missing = [headings.get(field, field) for field in needed if field not in fields]
    if missing:
        names = "、".join(missing)
        raise _bad_file(f"缺少列：{names}", f"Missing columns: {names}")


def _from_places(fields: list[str], lines: Iterable[list[str]]) -> Iterator[DivisionRow]:
    known = set(DivisionRow.__dataclass_fields__) - {"row"}
    at = {field: index for index, field in enumerate(fields) if field in known}
    for number, line in enumerate(lines, start=2):
        if any(line):
            yield DivisionRow(
                row=number, **{field: line[index] if index < len(line) else "" for field, index in at.items()}
            )


def _from_lines(fields: list[str], lines: Iterable[list[str]]) -> Iterator[DivisionRow]:
    seen: set[tuple[str, str, str]] = set()
    for number, line in enumerate(lines, start=2):
        if not any(line):
            continue
        cells = dict(zip(fields, line, strict=False))
        parent = cells.get("city_code", "")[:2].ljust(6, "0")
        levels = [("province", parent, cells.get("province", ""))]
        levels += [(level, cells.get(f"{level}_code", ""), cells.get(level, "")) for level in _LINE_LEVELS]
        above = ""
        for level, code, name in levels:
            if not (code or name):
                continue
            if (code, name, above) not in seen:
                seen.add((code, name, above))
                yield DivisionRow(
                    row=number, code=code, name=name, level=level, parent=above,
                    urban_rural_class=cells.get("urban_rural_class", "") if level == "community" else "",
                )  # fmt: skip
            above = code
