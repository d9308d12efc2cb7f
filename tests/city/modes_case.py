"""What the tests of responses share: a part that writes down what it was asked, and a proposal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from shanzhi.city.modes import actions, contents, parts
from shanzhi.city.places.levels import Level
from shanzhi.core.kit.errors import InvalidInput


class Notebook:
    """A real part: keeps what is live for each activation, and takes items of its own accord."""

    def __init__(self, code: str) -> None:
        self.code, self.zh, self.en = code, f"测试{code}", f"test {code}"
        self.live: dict[UUID, list[str]] = {}
        self.calls: list[tuple[str, Any]] = []

    def check(self, items: Sequence[parts.Item]) -> None:
        for number, item in enumerate(items):
            if "name" not in item:
                raise InvalidInput(field=f"{self.code}.{number}.name", reason_zh="缺名", reason_en="no name")

    def preview(self, items: Sequence[parts.Item], live: parts.Live, at: datetime) -> list[parts.Line]:
        return [
            parts.Line(f"{one['name']}", str(one["name"]), one.get("count"), wrong=bool(one.get("wrong")))
            for one in items
        ]

    def begin(
        self, items: Sequence[parts.Item], live: parts.Live, actor: Any, at: datetime
    ) -> list[parts.Line]:
        there = self.live.setdefault(live.activation_id, [])
        fresh = [str(one["name"]) for one in items if one["name"] not in there]
        there += fresh
        self.calls.append(("begin", (fresh, live)))
        return [parts.Line(name, name, 1, subject_id=live.activation_id) for name in fresh]

    def end(self, live: parts.Live, actor: Any, at: datetime) -> list[parts.Line]:
        gone = self.live.pop(live.activation_id, [])
        self.calls.append(("end", (gone, live)))
        return [parts.Line(name, name) for name in gone]


class Shrinking(Notebook):
    """One whose items end by themselves, and who is told of another last day."""

    def shrink(
        self, left: Sequence[parts.Item], live: parts.Live, actor: Any, at: datetime
    ) -> list[parts.Line]:
        stay = [str(one["name"]) for one in left]
        gone = [one for one in self.live[live.activation_id] if one not in stay]
        self.live[live.activation_id] = stay
        self.calls.append(("shrink", (gone, live)))
        return [parts.Line(name, name) for name in gone]

    def prolong(
        self, items: Sequence[parts.Item], live: parts.Live, actor: Any, at: datetime
    ) -> list[parts.Line]:
        self.calls.append(("prolong", live.last_on))
        return []


def level(number: int, *, confines: bool = False, largest: Level = Level.COUNTY, **items: Any) -> Any:
    """A level that holds these names under each part."""
    held = {"notices": ["公告"], **items}
    return contents.LevelContent(
        level=number, zh=f"第{number}档", en=f"step {number}", confines=confines, largest=largest,
        parts={
            code: [{"name": one} if isinstance(one, str) else one for one in names]
            for code, names in held.items()
        },
    )  # fmt: skip


def proposal(on: date, place_ids: Sequence[UUID], **changes: Any) -> actions.Proposal:
    """A proposal of level 4 for these places."""
    given = {
        "plan": "flood", "plan_version": 1, "hazard": "flood", "title": "示例防汛响应", "level": 4,
        "levels": (level(4), level(3)), "place_ids": tuple(place_ids), "basis": "示例防汛条例第一条",
        "document": "示例〔2026〕1号", "last_on": on + timedelta(days=6), "exit_zh": "就医请拨打", "exit_en": "Call",
        "exit_phone": "120",
    } | changes  # fmt: skip
    return actions.Proposal(**given)
