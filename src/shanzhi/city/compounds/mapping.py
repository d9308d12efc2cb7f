"""How the columns of a file are read (导入映射): given by the caller, or guessed from the headings."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings

from shanzhi.city.compounds.fields import FIELDS, KIND_WORDS
from shanzhi.city.compounds.kinds import CompoundKind
from shanzhi.core.kit.errors import InvalidInput
from shanzhi.core.kit.yaml_files import read_yaml

MAX_MAPPING_BYTES = 64 * 1024
_PARTS = {"title_zh", "title_en", "needs", "datum", "columns", "constants", "words", "shops", "only"}
_PACKS = ("portal-list", "block-list", "usual")


@dataclass(frozen=True)
class Reading:
    """Column -> field, fields of one value, words -> kinds, words that mean a shop, rows that are read."""

    columns: Mapping[str, str]
    constants: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, CompoundKind] = field(default_factory=lambda: dict(KIND_WORDS))
    shops: frozenset[str] = frozenset()
    only: Mapping[str, frozenset[str]] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    datum: str = ""
    given: frozenset[str] = frozenset()

    def over(self, other: "Reading") -> "Reading":
        """This mapping, where it is silent completed by another: a table of columns may be all that was given."""
        silent = {"constants", "words", "shops", "only", "datum"} - self.given
        return replace(self, **{part: getattr(other, part) for part in silent})


def plain(heading: str) -> str:
    """A heading as it is compared: half width, no blanks, lower case."""
    return "".join(unicodedata.normalize("NFKC", heading).split()).lower()


def read_mapping(text: str) -> Reading:
    """A mapping file (YAML or JSON), or the name of a pack. Raises InvalidInput on field `mapping`.

    `columns` {heading: field}; optional `constants` {field: value}, `words` {word: kind}, `shops` [word],
    `only` {heading: [values of rows to read]}, `datum`.
    """
    if len(text.encode()) > MAX_MAPPING_BYTES:
        raise _bad("映射文件过大。", "The mapping is too large.")
    if text.strip() in _PACKS:
        return pack(text.strip())
    try:
        found = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise _bad("映射应为 YAML 或 JSON。", "The mapping must be YAML or JSON.") from error
    return _reading(found)


def guess(headings: Sequence[str]) -> Reading:
    """The mapping of the packs that fits: the first whose needed headings are all there."""
    here = {plain(heading) for heading in headings}
    return next(found for found in map(pack, _PACKS) if {plain(heading) for heading in found.needs} <= here)


def pack(name: str) -> Reading:
    """A mapping that comes with the program, from packs/import."""
    return _pack(settings.PACKS / "import" / f"{name}.yaml")


@lru_cache(maxsize=16)
def _pack(path: Path) -> Reading:
    return _reading(read_yaml(path))


def fields_of(reading: Reading, headings: Sequence[str]) -> tuple[dict[str, int], dict[str, str], list[str]]:
    """Where each field is read (field -> column), the same as heading -> field, and headings not used."""
    wanted = {name: name for name in FIELDS} | {
        plain(heading): name for heading, name in reading.columns.items()
    }
    only = {plain(heading) for heading in reading.only}
    at: dict[str, int] = {}
    used: dict[str, str] = {}
    unused: list[str] = []
    for index, heading in enumerate(headings):
        name = wanted.get(plain(heading))
        if name is not None and name not in at:
            at[name] = index
            used[heading] = name
        elif plain(heading) not in only:
            unused.append(heading)
    return at, used, unused


def _reading(found: Any) -> Reading:
    if not isinstance(found, dict) or set(found) - _PARTS:
        raise _bad(
            "映射应写明 columns，可有 constants、words、shops、only、datum。",
            "A mapping has columns, and may have constants, words, shops, only, datum.",
        )
    columns, constants = _texts(found, "columns"), _texts(found, "constants")
    for name in (*columns.values(), *constants):
        if name not in FIELDS:
            raise _bad(f"没有名为“{name}”的字段。", f"There is no field {name!r}.")
    words = dict(KIND_WORDS)
    for word, kind in _texts(found, "words").items():
        if kind not in KIND_WORDS:
            raise _bad(f"没有名为“{kind}”的小区类型。", f"There is no kind {kind!r}.")
        words[word] = KIND_WORDS[kind]
    only = found.get("only") or {}
    if not isinstance(only, dict) or not all(isinstance(values, list) for values in only.values()):
        raise _bad("only 应为“列名: [值]”。", "only must be {heading: [values]}.")
    return Reading(
        columns,
        constants,
        words,
        frozenset(map(str, found.get("shops") or ())),
        {str(heading): frozenset(map(str, values)) for heading, values in only.items()},
        tuple(map(str, found.get("needs") or ())),
        str(found.get("datum") or ""),
        frozenset(map(str, found)),
    )


def _texts(found: dict[str, Any], part: str) -> dict[str, str]:
    value = found.get(part) or {}
    if not isinstance(value, dict) or any(isinstance(item, dict | list) for item in value.values()):
        raise _bad(f"{part} 应为“名称: 值”。", f"{part} must be {{name: value}}.")
    return {str(name): str(item) for name, item in value.items() if item is not None}


def _bad(zh: str, en: str) -> InvalidInput:
    return InvalidInput(field="mapping", reason_zh=zh, reason_en=en)
