"""What the tests of plans share: the plans of the pack in the demo district, and every part installed."""

from __future__ import annotations

from typing import Any

import pytest
from tests.city.modes_case import Shrinking

from shanzhi.base.access import SYSTEM
from shanzhi.city.modes import parts
from shanzhi.city.modes.contents import PART_CODES
from shanzhi.city.places.models import Place
from shanzhi.command.plans import packs


class Anything(Shrinking):
    """A part that takes whatever items a plan has, and names them by what they hold."""

    def check(self, items: Any) -> None:
        """Whatever is there."""

    @staticmethod
    def _named(items: Any) -> Any:
        return [{"name": ",".join(f"{one[key]}" for key in sorted(one))} for one in items]

    def preview(self, items: Any, *rest: Any) -> Any:
        return super().preview(self._named(items), *rest)

    def begin(self, items: Any, *rest: Any) -> Any:
        return super().begin(self._named(items), *rest)

    def shrink(self, items: Any, *rest: Any) -> Any:
        return super().shrink(self._named(items), *rest)


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The real notices and screens, and a part of the test for every engine."""
    known = dict(parts.known())
    for code in PART_CODES:
        if code not in {"notices", "screens"}:
            known[code] = Anything(code)
    monkeypatch.setattr(parts._PARTS, "by_code", known)
    return known


@pytest.fixture
def district(city: None) -> Place:
    return Place.objects.get(code="510107")


@pytest.fixture
def plans(district: Place, clock: Any) -> Place:
    """The plans of the pack, in force in the demo district."""
    assert packs.load_all(district, actor=SYSTEM, at=clock.now()) == len(packs.files())
    return district
