"""Kinds of partner organisations (共建单位类别), from a pack."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from shanzhi.core.kit.errors import InvalidInput
from shanzhi.core.kit.yaml_files import read_yaml


@dataclass(frozen=True)
class Kind:
    """A kind with its names."""

    code: str
    zh: str
    en: str


@lru_cache(maxsize=4)
def _read(path: Path) -> dict[str, Kind]:
    listed = read_yaml(path)["kinds"]
    return {one["code"]: Kind(one["code"], one["zh"], one["en"]) for one in listed}


def known() -> dict[str, Kind]:
    """Code -> kind, in the order of the pack."""
    return _read(settings.PACKS / "base" / "partners.yaml")


def named(code: str) -> Kind:
    """A kind; one that the pack no longer has stands for itself."""
    return known().get(code, Kind(code, code, code))


def checked(code: str) -> str:
    """The code of a known kind. Raises InvalidInput."""
    if code not in known():
        raise InvalidInput(
            field="kind", reason_zh="请选择单位类别。", reason_en="Choose a kind of organisation."
        )
    return code
