"""Lifetimes that a city may change, and its standing rule: data of the pack."""

from functools import lru_cache
from pathlib import Path

import msgspec
from django.conf import settings

from shanzhi.base.retention.holdings import Holding
from shanzhi.core.kit.yaml_files import read_yaml


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The standing rule (到期自动删除规则) on which the night destroys without two people signing."""

    code: str
    zh: str
    en: str


class Lifetime(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A lifetime of the city's own: days, or none at all."""

    days: int | None = None
    forever: bool = False


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    rule: Rule
    lifetimes: dict[str, Lifetime]


@lru_cache(maxsize=4)
def _read(path: Path, stamp: float) -> _File:
    return msgspec.convert(read_yaml(path), _File)


def _pack() -> _File:
    path = settings.PACKS / "retention" / "lifetimes.yaml"
    return _read(path, path.stat().st_mtime)


def rule() -> Rule:
    """The standing rule."""
    return _pack().rule


def days_of(holding: Holding) -> int | None:
    """How many days a holding is kept in everyday use; None: no night deletes it."""
    own = _pack().lifetimes.get(holding.code)
    if own is None or (own.days is None and not own.forever):
        return holding.days
    return None if own.forever else own.days
