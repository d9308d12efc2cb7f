"""A month of history for the demo city (演示历史): invented reports, worked on by simulated staff until now."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from django.conf import settings
from django.utils.timezone import localdate, localtime

from shanzhi.base.access import ANONYMOUS
from shanzhi.city.places.models import Place
from shanzhi.core.kit.yaml_files import read_yaml
from shanzhi.edge.exchange.replaying import Incoming, OwnDoor, Progress, Replay
from shanzhi.edge.exchange.simulation import Simulation
from shanzhi.edge.exchange.staff import Chance, load_staff
from shanzhi.edge.exchange.town import Town, man
from shanzhi.work.cases.limits import calendar_of
from shanzhi.work.catalogue import queries as catalogue
from shanzhi.work.catalogue.models import Condition

_NAMES = UUID("0c1b8f0e-3f43-5c6d-8a57-0d8b6f6f2a41")


def make_history(
    district: Place,
    photo: str,
    now: datetime,
    *,
    days: int,
    a_day: int,
    tell: Callable[[Progress, float], None],
) -> Progress:
    """Reports of the last `days` days in a district of the demo, `a_day` of them each, and what came of them."""
    town = _town(district, now)
    staff = load_staff(settings.PACKS / "staff" / "usual.yaml")
    mix = read_yaml(settings.PACKS / "demo" / "mix.yaml")
    listed = _invented(
        town, staff.seed, mix, now, days=days, a_day=a_day, by_worker=staff.shares["by_worker"]
    )
    engine = Simulation(town, staff, calendar_of(town.area), photo)
    return Replay(town, engine, listed, door=OwnDoor(), tell=tell).run(until=now.timestamp())


def _town(district: Place, now: datetime) -> Town:
    on = localdate(now)
    communities = Place.objects.filter(area=district.area, level="community").order_by("code")
    conditions: dict[str, Condition] = {}
    units: dict[str, UUID] = {}
    for rule in catalogue.conditions_in_force(on):
        unit, _, _ = catalogue.responsible_unit(rule.id, district.id, on)
        if rule.usable and unit is not None:
            conditions[rule.kind.code], units[rule.kind.code] = rule, unit.id
    town = Town(district.area, {place.name: place.id for place in communities}, conditions, units, {})
    man(town, now)
    return town


def _invented(
    town: Town, seed: int, mix: dict[str, Any], now: datetime, *, days: int, a_day: int, by_worker: float
) -> list[Incoming]:  # fmt: skip
    """Invented reports: kinds by their share, hours as the day has them, places at random."""
    chance, workers = Chance(seed), town.desks["grid_worker"].people
    kinds = [code for code in mix["kinds"] if code in town.conditions]
    places = list(town.places.values())
    midnight = localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    found = []
    for number in range(days * a_day):
        case_id = uuid5(_NAMES, f"{town.area}/{midnight:%Y%m%d}/{number}")
        day = midnight - timedelta(days=days - 1 - number // a_day)
        hour = _pick(mix["hours"], chance.draw(case_id, "hour"))
        at = day + timedelta(hours=hour, seconds=3600 * chance.draw(case_id, "second"))
        if at >= now:
            continue
        kind = kinds[_pick([mix["kinds"][code]["share"] for code in kinds], chance.draw(case_id, "kind"))]
        said = mix["kinds"][kind]["said"]
        house = 1 + int(chance.draw(case_id, "house") * 120)
        told_by_worker = chance.draw(case_id, "by_worker") < by_worker
        found.append(
            Incoming(
                id=case_id, at=at.timestamp(), kind=kind, kind_code=kind,
                place_id=places[int(chance.draw(case_id, "place") * len(places))], right_unit=town.units[kind],
                reporter=workers[int(chance.draw(case_id, "worker") * len(workers))]
                if told_by_worker
                else ANONYMOUS,
                text=said[int(chance.draw(case_id, "said") * len(said))],
                address=f"示例路 {house} 号",
            )
        )  # fmt: skip
    return sorted(found, key=lambda one: (one.at, one.id))


def _pick(weights: list[float], draw: float) -> int:
    """A position by its weight."""
    left = draw * sum(weights)
    for position, weight in enumerate(weights):
        left -= weight
        if left < 0:
            return position
    return len(weights) - 1
