"""What an import says of rows (逐行提示), in both languages. Codes are for programs and stay."""

from dataclasses import dataclass

WORDS = {
    # Errors: the row is left out.
    "bad-text": ("“{zh}”过长或含有非法字符。", "{en} is too long, or holds a character not allowed."),
    "no-name": ("小区名称不能为空。", "The name must not be empty."),
    "no-source": ("请填写数据来源。", "Say which source it comes from."),
    "bad-number": ("“{zh}”应为不超过 {most} 的整数。", "{en} must be a whole number of at most {most}."),
    "bad-point": ("经度、纬度应为度数。", "Longitude and latitude must be degrees."),
    "bad-floor": ("看不懂楼层“{text}”。", "{text!r} is not a floor."),
    "floor-twice": ("该楼层已在第 {other} 行。", "Row {other} has this floor."),
    "floors-overlap": ("楼层与第 {other} 行重叠。", "The floors overlap with row {other}."),
    "door-twice": ("门牌号 {text} 重复。", "The door {text} is there twice."),
    "too-many": ("层数或单元数过大。", "Too many floors or stairwells."),
    "same-key": (
        "与第 {other} 行无法区分，请补充编号或地址。",
        "It cannot be told from row {other}: add a number or an address.",
    ),
    "no-place": (
        "看不出属于哪个区县：没有区县名称，坐标也不在已知边界内。",
        "Its district is not known: no name, and the point is in no known boundary.",
    ),
    "outside-your-places": ("不在您岗位的管辖范围内。", "It is outside the places of your posts."),
    "datum-unclear": ("无法从坐标判断坐标系，请注明。", "The points do not tell the datum: state it."),
    # Warnings: the row is taken.
    "unknown-kind": ("不认识类型“{text}”，按小区处理。", "The kind {text!r} is not known: taken as a compound."),
    "duplicate-row": ("与第 {other} 行重复，未采用。", "The same as row {other}: not used."),
    "same-name": (
        "本区县已有同名小区，但位置、地址或编码不足以认定为同一个，按新小区处理。",
        "Another compound here has this name, and nothing shows that they are one: taken as new.",
    ),
    "code-taken": (
        "标准地址编码 {text} 已属于本区县另一小区，未采用。",
        "The code {text} is that of another compound of the district: not used.",
    ),
    "unknown-code": ("没有代码为 {text} 的区划。", "There is no place with code {text}."),
    "ambiguous-county": (
        "“{text}”可能是几个区县，{count} 个小区按坐标归属；请补充城市或代码。",
        "{text} may be several districts: {count} compounds are taken from their point. Add the city or a code.",
    ),
    "managing-area": (
        "“{text}”不是统计区县（可能是管理区域），{count} 个小区按坐标归属。",
        "{text} is no statistical district (perhaps a managing area): {count} compounds are taken from their point.",
    ),
    "unknown-street": ("没有唯一的街道“{text}”，{count} 个小区按坐标归属。", "No street office is called {text}, or several: {count} compounds are taken from their point."),  # noqa: E501
    "unknown-community": ("没有唯一的社区“{text}”，{count} 个小区按坐标归属。", "No community is called {text}, or several: {count} compounds are taken from their point."),  # noqa: E501
    "datum-doubt": (
        "注明的坐标系是 {zh}，但按 {other_zh} 落在本区县内的点更多。",
        "The datum is stated as {en}, but under {other_en} more points lie in their district.",
    ),
    # Points that cannot be right.
    "swapped": ("经度和纬度写反了，请对调后再导入。", "Longitude and latitude are swapped."),
    "not-on-earth": ("坐标不在地球上，未采用。", "The point is not on the earth: not used."),
    "other-datum": (
        "在所属区县外 {metres} 米；若坐标系是 {zh} 则在区县内。",
        "{metres} m outside its district, but inside if the datum is {en}.",
    ),
    "other-county": (
        "在所属区县外 {metres} 米，位于“{text}”。",
        "{metres} m outside its district, in {text}.",
    ),
    "outside": (
        "不在任何已知区县内（可能在海上、境外或别的城市），未采用。",
        "In no known district (at sea, abroad, another city): not used.",
    ),
    "stray": ("离本文件其余各点过远，未采用。", "Too far from the other points of the file: not used."),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Notice:
    """What is to be said of a row: an error, a warning, or a wrong point."""

    row: int
    field: str
    code: str
    message_zh: str
    message_en: str


def notice(row: int, field: str, code: str, **params: object) -> Notice:
    """The words for a code, with its parameters filled in."""
    zh, en = WORDS[code]
    return Notice(row, field, code, zh.format(**params), en.format(**params))
