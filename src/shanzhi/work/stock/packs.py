"""Articles of stock and its rules: data of the packs that a city edits."""

from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
from django.conf import settings

from shanzhi.core.kit.errors import InvalidInput
from shanzhi.core.kit.yaml_files import read_yaml


class Article(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An article (物资品目); `expires`: its lots carry a day."""

    code: str
    zh: str
    en: str
    unit_zh: str
    unit_en: str
    expires: bool = False


@lru_cache(maxsize=8)
def _read(path: Path, stamp: float) -> Any:
    return read_yaml(path)


def _pack(name: str) -> Any:
    path = settings.PACKS / "stock" / name
    return _read(path, path.stat().st_mtime)


def articles() -> dict[str, Article]:
    """Code -> article, in the order of the pack."""
    return {one.code: one for one in msgspec.convert(_pack("items.yaml")["items"], list[Article])}


def article(code: str, field: str = "item") -> Article:
    """An article by its code. Raises InvalidInput naming `field`."""
    if (found := articles().get(code)) is None:
        raise InvalidInput(
            field=field,
            reason_zh=f"没有编码为“{code[:16]}”的物资。",
            reason_en=f"There is no article {code[:16]}.",
        )
    return found


def named(text: str) -> Article | None:
    """An article by its code or its Chinese or English name."""
    wanted = text.strip()
    return next((one for one in articles().values() if wanted in (one.code, one.zh, one.en)), None)


def expiring_days() -> int:
    """Within how many days a lot is pointed out before it expires."""
    return int(_pack("rules.yaml")["expiring_days"])
