"""The template of an import (导入模板): a sheet to fill in, a sheet that explains it."""

from datetime import datetime, tzinfo

from shanzhi.city.compounds.fields import FIELDS
from shanzhi.core.documents import Column, Sheet, write_workbook

_SHOWN = (
    "source", "key", "code", "name", "kind", "county", "street", "community", "address", "lon", "lat", "households",
    "buildings", "building", "stairwells", "floors", "stairwell", "floor", "top", "homes", "shops", "number", "use",
)  # fmt: skip
_NOTES = (
    ("一行写什么", "一行可以是一个小区、一栋楼、一个单元、一层（或几层）、一户：填到哪一级，就是哪一级。"),
    ("同一个小区", "同一个小区的各行，小区名称和所属区划要写得一样；有编号的以编号为准。"),
    ("沿街商铺", "类型填“沿街商铺”，小区名称填街道或路段，一排商铺作为一栋楼，一间一行时填门牌号。"),
    ("坐标系", "导入时选择；不清楚选“自动判断”，系统按各点是否落在本区县内判断。"),
    ("填好以后", "先“试导入”看结果，再确认导入。同一文件再导入一次，不会有任何变化。"),
)


def template(zone: tzinfo, at: datetime) -> bytes:
    """An .xlsx file whose first sheet has the headings alone and whose second explains them."""
    columns = [Column(FIELDS[name].zh, width=max(10.0, 2.2 * len(FIELDS[name].zh) + 2)) for name in _SHOWN]
    rows = [*((title, "", text) for title, text in _NOTES)]
    rows += [(FIELDS[name].zh, FIELDS[name].example, FIELDS[name].help_zh) for name in _SHOWN]
    return write_workbook(
        [
            Sheet("小区", columns, []),
            Sheet(
                "填写说明", [Column("列", width=16), Column("例子", width=16), Column("说明", width=90)], rows
            ),
        ],
        zone=zone,
        at=at,
    )
