"""Skills (技能): a short list in a pack, so that those asked for and those offered are the same words."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from shanzhi.core.kit.errors import InvalidInput
from shanzhi.core.kit.yaml_files import read_yaml

MOST = 5
_BETWEEN = re.compile(r"[、,，;；/\s]+")


@dataclass(frozen=True)
class Skill:
    """A skill with its names."""

    code: str
    zh: str
    en: str


@lru_cache(maxsize=4)
def _read(path: Path) -> dict[str, Skill]:
    listed = read_yaml(path)["skills"]
    return {one["code"]: Skill(one["code"], one["zh"], one["en"]) for one in listed}


def known() -> dict[str, Skill]:
    """Code -> skill, in the order of the pack."""
    return _read(settings.PACKS / "base" / "surge.yaml")


def words(codes: Iterable[str]) -> tuple[str, str]:
    """The skills in Chinese and in English; a code that the pack no longer has stands for itself."""
    found = [known().get(code, Skill(code, code, code)) for code in codes]
    return "、".join(one.zh for one in found), ", ".join(one.en for one in found)


def checked(given: Iterable[str], field: str = "skills") -> list[str]:
    """Codes of the skills given by code or by name, each once. Raises InvalidInput."""
    by_name = {name: skill.code for skill in known().values() for name in (skill.code, skill.zh, skill.en)}
    found: list[str] = []
    for text in given:
        if (code := by_name.get(text.strip())) is None:
            names = "、".join(skill.zh for skill in known().values())
            raise InvalidInput(
                field=field, reason_zh=f"没有“{text.strip()[:20]}”这项技能，可填：{names}。",
                reason_en=f"There is no skill {text.strip()[:20]}; known: {', '.join(known())}.",
            )  # fmt: skip
        if code not in found:
            found.append(code)
    if len(found) > MOST:
        raise InvalidInput(
            field=field, reason_zh=f"技能最多 {MOST} 项。", reason_en=f"At most {MOST} skills."
        )
    return found


def split(text: str) -> list[str]:
    """The words of a cell."""
    return [word for word in _BETWEEN.split(text.strip()) if word]
