"""Hand choices and hand values (人工选定与登记). Called by `actions` alone; history is append-only."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from shanzhi.base.access import Actor
from shanzhi.city.compounds import in_force, store
from shanzhi.city.compounds.errors import CodeTaken, SourceSaysNothing
from shanzhi.city.compounds.imports import values_of
from shanzhi.city.compounds.in_force import Choice, Ruling, Said
from shanzhi.city.compounds.models import Compound, CompoundChoice
from shanzhi.city.places.store import pinyin_key
from shanzhi.core.kit.ids import uuid7

BY_HAND = "人工登记"


@dataclass(frozen=True)
class Standing:
    """A compound with all that is said of it."""

    compound: Compound
    stock: store.Stock

    @property
    def said(self) -> list[Said]:
        """What its sources say."""
        return [line.said for line in self.stock.lines_of.get(self.compound.id, ())]

    @property
    def choices(self) -> dict[str, Choice]:
        """What somebody chose."""
        return self.stock.choices.setdefault(self.compound.id, {})

    def rulings(self) -> tuple[dict[str, Ruling], bool]:
        """What is in force, and whether the counts conflict."""
        floors = store.count_floors([self.compound.area], [self.compound.id]).get(self.compound.id)
        return in_force.decide(self.said, in_force.rule(), floors=floors, choices=self.choices)


def standing(compound: Compound) -> Standing:
    """Read what is said of a compound."""
    return Standing(compound, store.read_stock([compound.area], [compound.id]))


def choose(
    compound: Compound, field: str, source: str, key: str, reason: str, actor: Actor, at: datetime
) -> None:
    """Put a source in force for a field. Raises SourceSaysNothing, CodeTaken."""
    now = standing(compound)
    line = next(
        (
            one
            for one in now.said
            if one.source == source and key in {"", one.key} and getattr(one, field) not in ("", None)
        ),
        None,
    )
    if line is None:
        raise SourceSaysNothing(field="source", source=source)
    if field == "code" and _holds_elsewhere(compound, line.code):
        raise CodeTaken(field="field", code=line.code)
    _record(now, field, line.source, line.key, _text(getattr(line, field)), reason, actor, at)
    _apply(now)


def edit(
    compound: Compound, given: dict[str, Any], place_id: UUID | None, place_name: str, reason: str, actor: Actor,
    on: date, at: datetime,
) -> None:  # fmt: skip
    """Values by hand: a source of their own, chosen for the fields that are given."""
    now = standing(compound)
    key = str(compound.id)
    known = now.stock.lines.get((compound.area, BY_HAND, key))
    before = Said(BY_HAND, key, on, "") if known is None else known.said
    said = replace(before, seen_on=on, **given)
    if given:
        row = store.line_row(uuid7() if known is None else known.id, compound.area, compound.id, said)
        if known is None:
            store.create_lines([row])
            now.stock.lines_of.setdefault(compound.id, []).append(store.Line(row[0], compound.id, said))  # type: ignore[arg-type]
        else:
            store.change_lines([row])
            known.said = said
    for field, value in given.items():
        _record(now, field, BY_HAND, key, _text(value), reason, actor, at)
    if place_id is not None:
        _record(now, "place", BY_HAND, key, place_name, reason, actor, at)
    _apply(now, place_id)


def _record(
    now: Standing, field: str, source: str, key: str, became: str, reason: str, actor: Actor, at: datetime
) -> None:
    was = now.stock.values[now.compound.id]
    before = (was["lon"], was["lat"], was["datum"]) if field == "position" else was.get(field)
    CompoundChoice.objects.create(
        area=now.compound.area, compound=now.compound, field=field, source=source, key=key,
        was=_text(before)[:200], became=became[:200], reason=reason, actor_id=actor.account_id,
        actor_name=actor.name[:60], at=at,
    )  # fmt: skip
    now.choices[field] = Choice(source, key, reason)


def _apply(now: Standing, place_id: UUID | None = None) -> None:
    found, conflict = now.rulings()
    values = values_of(found, conflict)
    if values["code"] != now.stock.values[now.compound.id]["code"] and _holds_elsewhere(
        now.compound, values["code"]
    ):
        values["code"] = ""
    values["place"] = place_id or now.stock.values[now.compound.id]["place"]
    store.change_compounds([
        (now.compound.id, now.compound.area, *(values[name] for name in store.VALUES), pinyin_key(values["name"]),
         now.stock.boundaries[now.compound.id])
    ])  # fmt: skip


def _holds_elsewhere(compound: Compound, code: str) -> bool:
    others = Compound.objects.filter(area=compound.area, code=code, closed_on=None).exclude(id=compound.id)
    return bool(others.exists())


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, tuple):
        return "" if value[0] is None else f"{value[0]:.6f}, {value[1]:.6f}"
    return str(value)
