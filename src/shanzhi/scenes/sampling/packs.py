"""Templates of campaigns and ways of pooling: data of the packs that a city edits."""

from datetime import time
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
from django.conf import settings

from shanzhi.core.kit.errors import InvalidInput
from shanzhi.core.kit.yaml_files import read_yaml


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The words of a template in one language; `bring` and `note` are read by residents."""

    title: str
    bring: str
    note: str = ""


class Pooling(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How people share a tube (混采方式)."""

    code: str
    zh: str
    en: str
    size: int
    household: bool = False


class Template(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A campaign to fill in (轮次模板)."""

    code: str
    kind: str
    zh: Words
    en: Words
    people_per_point: int
    most_tables: int
    table_rate: int
    pooling: str
    round_hours: int
    queue_limit: int
    slot_minutes: int
    opens: str
    closes: str
    days: int = 1
    hazard: str = ""

    @property
    def hours(self) -> tuple[time, time]:
        """From when until when a point is open."""
        return time.fromisoformat(self.opens), time.fromisoformat(self.closes)


class Pack(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole of it."""

    pooling: list[Pooling]
    people_per_home: float
    samplers_for: int
    keep_metres: int
    templates: list[Template]


@lru_cache(maxsize=8)
def _read(path: Path, stamp: float) -> Pack:
    return msgspec.convert(read_yaml(path), Pack)


def pack() -> Pack:
    """The pack as it is now."""
    path: Any = settings.PACKS / "sampling" / "templates.yaml"
    return _read(path, path.stat().st_mtime)


def templates() -> dict[str, Template]:
    """Code -> template, in the order of the pack."""
    return {one.code: one for one in pack().templates}


def poolings() -> dict[str, Pooling]:
    """Code -> way of pooling."""
    return {one.code: one for one in pack().pooling}


def template(code: str, field: str = "template") -> Template:
    """A template by its code. Raises InvalidInput naming `field`."""
    if (found := templates().get(code)) is None:
        raise InvalidInput(
            field=field,
            reason_zh=f"没有轮次模板“{code[:32]}”。",
            reason_en=f"There is no template {code[:32]}.",
        )
    return found


def pooling(code: str) -> Pooling:
    """A way of pooling. Raises InvalidInput naming `pooling`."""
    if (found := poolings().get(code)) is None:
        names = "、".join(one.zh for one in poolings().values())
        raise InvalidInput(
            field="pooling",
            reason_zh=f"混采方式应为：{names}。",
            reason_en="There is no such way of pooling.",
        )
    return found
