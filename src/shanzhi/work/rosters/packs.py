"""Templates of rosters and the rules of rest: data of the packs that a city edits."""

from collections.abc import Sequence
from datetime import time
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
from django.conf import settings

from shanzhi.core.kit.errors import InvalidInput
from shanzhi.core.kit.yaml_files import read_yaml


class PostOf(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A post that is held, and by how many."""

    code: str
    zh: str
    en: str
    people: int


class ShiftOf(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a shift begins by the city's clock, and how many hours it lasts."""

    zh: str
    en: str
    begins: str
    hours: float

    @property
    def at(self) -> time:
        """The hour as a time."""
        return time.fromisoformat(self.begins)


class Template(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A roster to begin (值班模板)."""

    code: str
    zh: str
    en: str
    posts: list[PostOf]
    shifts: list[ShiftOf]
    kinds: list[str]
    level: str = ""
    signs_on: bool = False
    late_minutes: int = 15


class Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a city sets about rest."""

    rest_hours: float
    week_hours: float
    days_ahead: int
    late_channels: list[str] = msgspec.field(default_factory=list)


@lru_cache(maxsize=8)
def _read(path: Path, stamp: float) -> Any:
    return read_yaml(path)


def _pack(name: str) -> Any:
    path = settings.PACKS / "rosters" / name
    return _read(path, path.stat().st_mtime)


def templates() -> dict[str, Template]:
    """Code -> template, in the order of the pack."""
    return {one.code: one for one in msgspec.convert(_pack("templates.yaml")["templates"], list[Template])}


def template(code: str, field: str = "template") -> Template:
    """A template by its code. Raises InvalidInput naming `field`."""
    if (found := templates().get(code)) is None:
        names = "、".join(one.code for one in templates().values())
        raise InvalidInput(
            field=field, reason_zh=f"没有值班模板“{code[:32]}”，可选：{names}。",
            reason_en=f"There is no roster template {code[:32]}.",
        )  # fmt: skip
    return found


def narrowed(code: str, posts: Sequence[str], shift: str, field: str = "template") -> Template:
    """A template with only these posts and this shift; empty: all. Raises InvalidInput naming below `field`."""
    found = template(code, field)
    chosen = [one for one in found.posts if not posts or one.code in posts]
    shifts = [one for one in found.shifts if not shift or shift in (one.zh, one.en)]
    below = field.rpartition("template")[0]
    for name, given, whole in (
        ("posts", "、".join(posts), len(chosen) == len(posts or found.posts)),
        ("shift", shift, bool(shifts)),
    ):
        if not whole:
            raise InvalidInput(
                field=f"{below}{name}", reason_zh=f"模板“{found.zh}”中没有“{given[:40]}”。",
                reason_en=f"The template {found.code} has no {given[:40]}.",
            )  # fmt: skip
    return msgspec.structs.replace(found, posts=chosen, shifts=shifts)


def rules() -> Rules:
    """The rules of rest."""
    return msgspec.convert(_pack("rules.yaml"), Rules)
