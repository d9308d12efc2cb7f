"""What changed between two versions of a plan (版本对比): by meaning, not by line."""

from collections.abc import Iterator
from typing import Any

from shanzhi.city.modes.contents import NUMERALS, PART_CODES
from shanzhi.command.plans import document, items
from shanzhi.command.plans.document import CHAPTERS, PlanDoc
from shanzhi.command.plans.shapes import PlanChangeOut

_NAMES: dict[str, tuple[str, str]] = {
    **CHAPTERS,
    "zh": ("中文", "Chinese"), "en": ("英文", "English"), "hazard": ("事件类型", "Hazard"), "code": ("代码", "Code"),
    "basis": ("法律依据", "Legal basis"), "structure": ("组织指挥体系", "Structure"),
    "headquarters": ("指挥部", "Headquarters"), "groups": ("工作组", "Groups"), "lead": ("牵头岗位", "Led by"),
    "posts": ("岗位", "Posts"), "units": ("成员单位", "Units"), "duties": ("职责", "Duties"),
    "exit": ("就医通道", "Medical exit"), "phone": ("电话", "Telephone"), "objection": ("申诉途径", "Objections"),
    "days": ("天数", "Days"), "notices": ("公告模板", "Notices"), "title": ("标题", "Title"),
    "text": ("正文", "Text"),
    "levels": ("响应级别", "Levels"), "entry": ("启动条件", "Entry"), "measures": ("响应措施", "Measures"),
    "release": ("终止条件", "Release"), "confines": ("限制人员出行", "Confines people"),
    "largest": ("最大范围", "Largest area"), "most_days": ("最长天数", "Most days"), "parts": ("响应内容", "Parts"),
    "editions": ("规则版本", "Editions"), "edition": ("现行版本", "Edition in force"), "targets": ("目标", "Targets"),
    "minutes": ("分钟", "Minutes"),
}  # fmt: skip
_KEYS = ("code", "level")  # what names an entry of a list


def changes(old: PlanDoc, new: PlanDoc) -> list[PlanChangeOut]:
    """Every difference, in the order of the document."""
    return list(_walk((), document.plain(old), document.plain(new)))


def _walk(path: tuple[str, ...], old: Any, new: Any) -> Iterator[PlanChangeOut]:
    if old == new:
        return
    if isinstance(old, dict) and isinstance(new, dict):
        for name in dict.fromkeys([*old, *new]):
            yield from _walk((*path, name), old.get(name), new.get(name))
        return
    if isinstance(old, list) and isinstance(new, list):
        yield from _lists(path, old, new)
        return
    yield _change(path, old, new)


def _lists(path: tuple[str, ...], old: list[Any], new: list[Any]) -> Iterator[PlanChangeOut]:
    key = next((one for one in _KEYS if _has(old, one) and _has(new, one)), None)
    if key is not None and "parts" not in path:
        before, after = ({str(one[key]): one for one in found} for found in (old, new))
        for name in dict.fromkeys([*before, *after]):
            here = (*path, f"#{name}" if key == "code" else f"@{name}")
            if name in before and name in after:
                yield from _walk(here, before[name], after[name])
            else:
                yield _change(here, before.get(name), after.get(name))
        return
    if len(old) == len(new):
        for before, after in zip(old, new, strict=True):
            if before != after:
                yield _change(path, before, after)
        return
    for one in old:
        if one not in new:
            yield _change(path, one, None)
    for one in new:
        if one not in old:
            yield _change(path, None, one)


def _has(found: list[Any], key: str) -> bool:
    return all(isinstance(one, dict) and key in one for one in found)


def _change(path: tuple[str, ...], old: Any, new: Any) -> PlanChangeOut:
    kind = "added" if old in (None, "", []) else "removed" if new in (None, "", []) else "changed"
    zh, en = ([], []) if not path else _path(path)
    return PlanChangeOut(".".join(path), " › ".join(zh), " › ".join(en), kind, _said(old), _said(new))


def _path(path: tuple[str, ...]) -> tuple[list[str], list[str]]:
    zh, en = [], []
    for name in path:
        if name.startswith("@"):
            numeral = NUMERALS.get(int(name[1:]), name[1:])
            pair = (f"{numeral}级", f"level {name[1:]}")
        elif name.startswith("#"):
            pair = (name[1:], name[1:])
        elif "parts" in path and name in PART_CODES:
            pair = PART_CODES[name]
        else:
            pair = _NAMES.get(name, (name, name))
        zh.append(pair[0])
        en.append(pair[1])
    return zh, en


def _said(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, dict):
        fields = {field.name: field.zh for part in items.FIELDS.values() for field in part}
        if set(value) == {"zh", "en"}:
            return f"{_said(value['zh'])}\n{_said(value['en'])}"
        return "；".join(
            f"{fields.get(key, _NAMES.get(key, (key,))[0])}：{_said(one)}"
            for key, one in value.items()
            if one
        )
    if isinstance(value, list):
        return "\n".join(_said(one) for one in value)
    return str(value)
