"""Read a file of conditions (CSV or Excel) into rows. Nothing here touches the database."""

from collections.abc import Iterable
from dataclasses import dataclass

from shanzhi.core.documents import read_table, require_columns

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


def read_conditions(content: bytes) -> list[ConditionRow]:
    """Rows of a CSV or Excel file, told apart by content. Raises InvalidInput on field `file`."""
    table = read_table(
        content, max_bytes=MAX_FILE_BYTES, max_unpacked_bytes=MAX_UNPACKED_BYTES, max_rows=MAX_ROWS
    )
    fields = [COLUMNS.get(heading, heading) for heading in table[0]]
    require_columns(fields, REQUIRED, COLUMNS)
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
