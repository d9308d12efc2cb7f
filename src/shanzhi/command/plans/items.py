"""What an item of each part looks like (响应内容的条目): its fields for the form, and the check of their shape.

The engine that owns a part checks what the values mean; here it is only seen to that a plan is complete and that
nothing stands in it that no engine reads.
"""

from dataclasses import dataclass
from typing import Any

from shanzhi.city.modes import parts
from shanzhi.city.modes.contents import PART_CODES
from shanzhi.core.kit.errors import InvalidInput


@dataclass(frozen=True)
class Field:
    """A field of an item: text, number, codes (a list), or switch."""

    name: str
    zh: str
    en: str
    kind: str = "text"
    needed: bool = True


FIELDS: dict[str, tuple[Field, ...]] = {
    "notices": (Field("code", "公告模板", "Notice"),),
    "limits": (
        Field("clock", "时限", "Clock"), Field("amount", "数量", "Amount", "number", needed=False),
        Field("unit", "单位", "Unit", needed=False),
        Field("running", "在办案件也改", "Open cases too", "switch", needed=False),
    ),
    "kinds": (Field("kind", "事件类别代码", "Kind of matter"),),
    "recut": (
        Field("low", "每人户数下限", "Households each, at least", "number"),
        Field("high", "每人户数上限", "Households each, at most", "number"),
        Field("target", "每人户数目标", "Households each, aim", "number"),
    ),
    "screens": (
        Field("opens", "先打开的页面", "Opens first"), Field("posts", "岗位", "Posts", "codes", needed=False),
    ),
    "rosters": (
        Field("template", "班表模板", "Template"), Field("posts", "岗位", "Posts", "codes", needed=False),
        Field("shift", "班次", "Shift", needed=False),
    ),
    "stock": (
        Field("item", "物资", "Item"), Field("quantity", "数量", "Quantity", "number"),
        Field("store", "仓库", "Store", needed=False),
    ),
    "isolation": (Field("edition", "规则版本", "Edition"),),
    "sampling": (Field("template", "模板", "Template"),),
    "sweeps": (
        Field("template", "行动模板", "Template"), Field("targets", "对象", "Targets", "codes", needed=False),
        Field("form", "登记表", "Form", needed=False), Field("cadence", "频次", "Cadence", needed=False),
        Field("hours", "限时（小时）", "Within hours", "number", needed=False),
    ),
    "orders": (
        Field("template", "指令模板", "Template"), Field("posts", "岗位", "Posts", "codes", needed=False),
        Field("minutes", "限时（分钟）", "Within minutes", "number", needed=False),
        Field("ladder", "叫应方式", "Ladder", needed=False),
    ),
}  # fmt: skip
_MOST_ITEMS = 30


def check(code: str, items: list[dict[str, Any]]) -> None:
    """Whether items are right: the engine says so, or where it is not installed, their fields are looked at.

    Raises what the part raises, or InvalidInput, whose field begins with `<code>.<index>`.
    """
    part = parts.known().get(code)
    if part is not None and code != "notices":
        if items:
            part.check(items)
        return
    if code not in FIELDS:
        raise InvalidInput(
            field=code,
            reason_zh=f"没有名为“{code[:20]}”的响应内容。",
            reason_en=f"There is no part {code[:20]}.",
        )
    zh, en = PART_CODES[code]
    if len(items) > _MOST_ITEMS:
        raise InvalidInput(
            field=code,
            reason_zh=f"{zh}最多 {_MOST_ITEMS} 项。",
            reason_en=f"{en}: at most {_MOST_ITEMS} items.",
        )
    known = {field.name: field for field in FIELDS[code]}
    for number, item in enumerate(items):
        where = f"{code}.{number}"
        for name in item:
            if name not in known:
                raise InvalidInput(
                    field=f"{where}.{name}", reason_zh=f"{zh}第 {number + 1} 项没有“{name[:20]}”这一栏。",
                    reason_en=f"{en}, item {number + 1}: there is no field {name[:20]}.",
                )  # fmt: skip
        for field in FIELDS[code]:
            _check_field(f"{where}.{field.name}", zh, en, number, field, item.get(field.name))


def _check_field(where: str, zh: str, en: str, number: int, field: Field, value: Any) -> None:
    if value in (None, "", []):
        if field.needed:
            raise InvalidInput(
                field=where, reason_zh=f"{zh}第 {number + 1} 项缺“{field.zh}”。",
                reason_en=f"{en}, item {number + 1}: {field.en} is missing.",
            )  # fmt: skip
        return
    fits = {
        "text": lambda: isinstance(value, str) and len(value) <= 80,
        "number": lambda: isinstance(value, int) and not isinstance(value, bool) and 0 < value <= 10_000_000,
        "switch": lambda: isinstance(value, bool),
        "codes": lambda: isinstance(value, list) and all(isinstance(one, str) for one in value),
    }[field.kind]
    if not fits():
        raise InvalidInput(
            field=where, reason_zh=f"{zh}第 {number + 1} 项的“{field.zh}”不合要求。",
            reason_en=f"{en}, item {number + 1}: {field.en} is not valid.",
        )  # fmt: skip
