"""Reading a table (表格) from CSV, zipped CSV or Excel, told apart by content."""

import csv
import gzip
import io
import zipfile
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from python_calamine import CalamineError, CalamineWorkbook

from shanzhi.core.kit.errors import InvalidInput

Table = list[list[str]]


@dataclass(frozen=True)
class RowError:
    """What is wrong in one row of a file; the heading is row 1."""

    row: int
    field: str
    message_zh: str
    message_en: str


def _bad_file(zh: str, en: str) -> InvalidInput:
    """The error of a file that cannot be used at all."""
    return InvalidInput(field="file", reason_zh=zh, reason_en=en)


def check_size(size: int, max_bytes: int) -> None:
    """Raise InvalidInput for a file of more than `max_bytes`."""
    if size > max_bytes:
        megabytes = max_bytes // 1024**2
        raise _bad_file(f"文件不得超过 {megabytes} MB。", f"The file must not exceed {megabytes} MB.")


def read_table(
    content: bytes, *, max_bytes: int, max_unpacked_bytes: int, max_rows: int, gzipped: bool = False
) -> Table:
    """The cells of a file as trimmed text, its heading first; at most `max_rows` rows below it.

    CSV in UTF-8 or GB18030, with `gzipped` also as .gz; the first sheet of an Excel workbook, where whole
    numbers lose their ".0". Raises InvalidInput on field `file` for what is too large, empty or cannot be read.
    """
    check_size(len(content), max_bytes)
    if gzipped and content[:2] == b"\x1f\x8b":
        content = _unpacked(content, max_unpacked_bytes)
    excel = content[:2] == b"PK" or content[:4] == b"\xd0\xcf\x11\xe0"
    table = _excel(content, max_unpacked_bytes) if excel else _csv(content)
    if not table:
        raise _bad_file("文件为空。", "The file is empty.")
    if len(table) - 1 > max_rows:
        raise _bad_file(f"最多 {max_rows} 行。", f"At most {max_rows} rows.")
    return table


def require_columns(fields: Sequence[str], needed: Iterable[str], columns: Mapping[str, str]) -> None:
    """Raise InvalidInput naming the headings of needed fields that are missing; `columns` is heading -> field."""
    headings = {field: heading for heading, field in columns.items()}
    missing = [headings.get(field, field) for field in needed if field not in fields]
    if missing:
        names = "、".join(missing)
        raise _bad_file(f"缺少列：{names}", f"Missing columns: {names}")


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _unpacked(content: bytes, most: int) -> bytes:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as packed:
            plain = packed.read(most + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise _bad_file("无法解压该文件。", "The file cannot be unpacked.") from error
    if len(plain) > most:
        raise _bad_file("文件解压后过大。", "The file is too large when unpacked.")
    return plain


def _csv(content: bytes) -> Table:
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


def _excel(content: bytes, most: int) -> Table:
    try:
        if content[:2] == b"PK":
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                if sum(item.file_size for item in archive.infolist()) > most:
                    raise _bad_file("Excel 文件解压后过大。", "The Excel file is too large when unpacked.")
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        table = book.get_sheet_by_index(0).to_python(skip_empty_area=False)
    except (CalamineError, zipfile.BadZipFile, IndexError) as error:
        raise _bad_file("无法读取该 Excel 文件。", "The Excel file cannot be read.") from error
    return [[_cell(cell) for cell in line] for line in table]
