"""Which known compound a listed one is (查重): by the source's key, the city's code, or name and nearness."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from shanzhi.city.compounds.listed import Listed, same_address, same_name
from shanzhi.city.compounds.notices import Notice, notice

NEAR_METRES = 300.0
METRES_A_DEGREE = 111_320.0


@dataclass(slots=True)
class KnownCompound:
    """A compound as matching needs it: names, codes, points and addresses of every source; keys by source."""

    id: UUID
    area: str
    names: set[str] = field(default_factory=set)
    codes: set[str] = field(default_factory=set)
    points: list[tuple[float, float]] = field(default_factory=list)
    addresses: set[str] = field(default_factory=set)
    lines: dict[str, set[str]] = field(default_factory=dict)


def keys_of(listed: Sequence[Listed]) -> tuple[list[Listed], list[Notice], list[Notice]]:
    """Give each compound without one a key: its name, and what tells it from those of the same name.

    Returns the compounds to go on with, errors and warnings. A compound that nothing tells from an earlier one is
    the same written twice: it is left out with a warning, or an error when it has floors of its own.
    """
    by_name: dict[tuple[str, str, str], list[Listed]] = {}
    for one in listed:
        one.has_own_key = bool(one.key)
        if not one.key:
            by_name.setdefault((one.area, one.source, same_name(one.name)), []).append(one)
    for (_, _, name), alike in by_name.items():
        apart = len({(one.place, same_address(one.address)) for one in alike}) < len(alike)
        for one in alike:
            parts = [name]
            if len(alike) > 1:
                point = f"{one.lon:.3f} {one.lat:.3f}" if apart and one.lon is not None else ""
                parts += [*one.where[3:], same_address(one.address), point]
            one.key = "|".join(part for part in parts if part)[:120]
    first: dict[tuple[str, str, str], int] = {}
    kept, errors, warnings = [], [], []
    for one in listed:
        row = first.setdefault((one.area, one.source, one.key), one.row)
        if row == one.row:
            kept.append(one)
        elif one.buildings or one.has_own_key:
            errors.append(notice(one.row, "name", "same-key", other=row))
        else:
            warnings.append(notice(one.row, "name", "duplicate-row", other=row))
    return kept, errors, warnings


class Matcher:
    """Known compounds, looked up by what makes two of them the same; new ones are added as they are made."""

    def __init__(self, known: Iterable[KnownCompound], keys: dict[tuple[str, str, str], UUID]) -> None:
        self._keys = keys
        self._listed: set[tuple[str, str, str]] = set()
        self._by_id: dict[UUID, KnownCompound] = {}
        self._codes: dict[tuple[str, str], UUID] = {}
        self._names: dict[tuple[str, str], list[KnownCompound]] = {}
        for one in known:
            self._add(one)

    def expect(self, listed: Iterable[Listed]) -> None:
        """These are in the file: a source that lists two compounds means two."""
        self._listed |= {(one.area, one.source, one.key) for one in listed}

    def match(self, one: Listed) -> tuple[UUID | None, bool]:
        """The compound that a listed one is, if it is known; and whether others merely have its name.

        The same key of the same source; an equal code; the same name within 300 metres, or at the same address,
        in the same district. Never the name alone. A key made of the name that has drifted is set back to the one
        known.
        """
        known = self._keys.get((one.area, one.source, one.key))
        if known is None and one.code:
            known = self._codes.get((one.area, one.code))
        if known is not None:
            return known, False
        named = self._names.get((one.area, same_name(one.name)), ())
        best: tuple[float, str, KnownCompound] | None = None
        for other in named:
            if one.code and other.codes and one.code not in other.codes or self._apart(one, other):
                continue
            away = _metres(one, other)
            address = same_address(one.address)
            if away is None and address and address in other.addresses:
                away = 0.0
            if (
                away is not None
                and away <= NEAR_METRES
                and (best is None or (away, str(other.id)) < best[:2])
            ):
                best = (away, str(other.id), other)
        if best is None:
            return None, bool(named)
        own = best[2].lines.get(one.source)
        if own:
            one.key = min(own)
        return best[2].id, False

    def _apart(self, one: Listed, other: KnownCompound) -> bool:
        """Whether the source itself tells the two apart."""
        own = other.lines.get(one.source, set())
        return bool(own) and (
            one.has_own_key or any((one.area, one.source, key) in self._listed for key in own)
        )

    def learn(self, compound: UUID, one: Listed) -> None:
        """The listed compound is this one, from now on."""
        self._keys[one.area, one.source, one.key] = compound
        known = self._by_id.get(compound) or KnownCompound(compound, one.area)
        known.names.add(same_name(one.name))
        if one.code:
            known.codes.add(one.code)
        if one.lon is not None and one.lat is not None:
            known.points.append((one.lon, one.lat))
        if one.address:
            known.addresses.add(same_address(one.address))
        known.lines.setdefault(one.source, set()).add(one.key)
        self._add(known)

    def _add(self, one: KnownCompound) -> None:
        self._by_id[one.id] = one
        for code in one.codes:
            self._codes.setdefault((one.area, code), one.id)
        for name in one.names:
            named = self._names.setdefault((one.area, name), [])
            if one not in named:
                named.append(one)


def _metres(one: Listed, other: KnownCompound) -> float | None:
    """Metres to the nearest point that a source gives the other; None when either has no point."""
    if one.lon is None or one.lat is None or not other.points:
        return None
    scale = math.cos(math.radians(one.lat))
    return min(
        math.hypot((lon - one.lon) * scale, lat - one.lat) * METRES_A_DEGREE for lon, lat in other.points
    )
