"""Read a file of divisions (CSV, zipped CSV or Excel) into rows. Nothing here touches the database."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from shanzhi.core.documents import read_table, require_columns

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


def read_divisions(content: bytes) -> list[DivisionRow]:
    """Rows of a CSV, CSV.gz or Excel file, told apart by content. Raises InvalidInput on field `file`.

    Two forms are understood: one place a row (代码, 名称, …), and one community a row with its street
    office, district, city and province, of which each place is returned once.
    """
    table = read_table(
        content,
        max_bytes=MAX_FILE_BYTES,
        max_unpacked_bytes=MAX_UNPACKED_BYTES,
        max_rows=MAX_ROWS,
        gzipped=True,
    )
    headings = table[0]
    as_lines = [LINE_COLUMNS.get(heading, COLUMNS.get(heading, heading)) for heading in headings]
    if "community_code" in as_lines:
        require_columns(as_lines, LINE_COLUMNS.values(), LINE_COLUMNS)
        return list(_from_lines(as_lines, table[1:]))
    fields = [COLUMNS.get(heading, heading) for heading in headings]
    require_columns(fields, REQUIRED, COLUMNS)
    return list(_from_places(fields, table[1:]))


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
