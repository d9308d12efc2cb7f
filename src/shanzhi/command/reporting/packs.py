"""Which reports are due when: data of the pack that a city edits."""

from datetime import datetime, time, timedelta
from functools import lru_cache
from pathlib import Path

import msgspec
from django.conf import settings
from django.utils.timezone import get_default_timezone, localdate

from shanzhi.core.kit.yaml_files import read_yaml


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When one kind of report is due (报送时限)."""

    kind: str
    zh: str
    en: str
    after: str
    warn_minutes: int
    to_zh: str
    to_en: str
    within_minutes: dict[int, int] = {}
    every_minutes: dict[int, int] = {}
    daily_at: str = ""

    def due_after(self, level: int, begun: datetime, last: datetime | None) -> datetime | None:
        """When it is due, counted from the response's moment or from the last one sent; None: not any more."""
        if self.within_minutes:
            return None if last else begun + timedelta(minutes=self.within_minutes[level])
        if self.every_minutes:
            return last + timedelta(minutes=self.every_minutes[level]) if last else None
        zone, at = get_default_timezone(), time.fromisoformat(self.daily_at)
        if last is not None:
            return datetime.combine(localdate(last) + timedelta(days=1), at, zone)
        first = datetime.combine(localdate(begun), at, zone)
        return first if first > begun else first + timedelta(days=1)


class Scheme(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The rules for some hazards."""

    code: str
    zh: str
    en: str
    hazards: list[str]
    reports: list[Rule]


class Example(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A stricter rule that some city has."""

    zh: str
    en: str
    minutes: list[int]


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    schemes: list[Scheme]
    local_examples: list[Example] = []


@lru_cache(maxsize=4)
def _read(path: Path, stamp: float) -> _File:
    return msgspec.convert(read_yaml(path), _File, strict=False)


def scheme_of(hazard: str) -> Scheme:
    """The rules for a hazard: its own, else the usual ones."""
    path = settings.PACKS / "reporting" / "reports.yaml"
    found = _read(path, path.stat().st_mtime).schemes
    own = next((one for one in found if hazard in one.hazards), None)
    return own or next(one for one in found if not one.hazards)


def rule_of(hazard: str, kind: str) -> Rule | None:
    """The rule for one kind of report."""
    return next((one for one in scheme_of(hazard).reports if one.kind == kind), None)
