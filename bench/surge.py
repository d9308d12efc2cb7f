"""How long one click takes (一键分派): 957 invented officers of 56 units to 87 compounds that need 1,000 people.

    DATABASE_URL=<owner's URL of a scratch database> python bench/surge.py

Makes a test database, seeds it, and prints the best of three for the preview and for the click with all that it
writes; beside them the greedy way (the emptiest place takes the nearest free person) on the same numbers. On a
2-core machine that others used too:

    preview 0.133 s, click 0.655 s; mean way from home 895 m by flow in 0.057 s, 1,170 m greedily in 0.014 s (1.31 x)
"""

from __future__ import annotations

import os
import sys
import time
from datetime import UTC, date, datetime

sys.path.pop(0)  # this folder holds a module called http
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shanzhi.edge.settings")

import django
import numpy as np

django.setup()

from django.db import connection, transaction  # noqa: E402

from shanzhi.base.access import SYSTEM  # noqa: E402
from shanzhi.city.people.models import Unit  # noqa: E402
from shanzhi.city.places.models import Place  # noqa: E402
from shanzhi.city.surge import actions  # noqa: E402
from shanzhi.city.surge.actions import NewNeed, NewOffer  # noqa: E402
from shanzhi.city.surge.matching import match, metres_between  # noqa: E402
from shanzhi.edge.cli import demo  # noqa: E402

AT = datetime(2026, 3, 9, 2, tzinfo=UTC)
DAY, END = date(2026, 3, 9), date(2026, 3, 23)
OFFICERS, UNITS, NEEDS, PEOPLE = 957, 56, 87, 1000


class _Undo(Exception):
    """Take a click back, so that it can be made again."""


def seed(chance: np.random.Generator) -> None:
    """Units, officers and needs of the demo district."""
    demo.seed(at=AT, samples=False)
    district = Place.objects.get(code=demo.DISTRICT)
    places = list(Place.objects.filter(level="community", area=demo.DISTRICT).order_by("code")[:NEEDS])
    for place in places:
        place.lon, place.lat = 104.0 + chance.uniform(0, 0.1), 30.6 + chance.uniform(0, 0.09)
        place.save(update_fields=["lon", "lat"])
    for number, place in enumerate(places):
        people = PEOPLE // NEEDS + (number < PEOPLE % NEEDS)
        actions.state_need(NewNeed(people, DAY, END, "入户登记", place.id), actor=SYSTEM, at=AT)
    Unit.objects.bulk_create(
        Unit(code=f"U{number:02d}", name=f"示例单位{number}", place=district) for number in range(UNITS)
    )
    for number, unit in enumerate(Unit.objects.filter(code__startswith="U").order_by("code")):
        listed = [
            NewOffer(
                name=f"干部{number}-{one}", from_on=DAY, to_on=END,
                home_point=(104.0 + chance.uniform(0, 0.1), 30.6 + chance.uniform(0, 0.09)),
            )
            for one in range(OFFICERS // UNITS + (number < OFFICERS % UNITS))
        ]  # fmt: skip
        actions.offer_people(unit.id, listed, actor=SYSTEM, at=AT)


def best_of_three(doing: object) -> float:
    """Seconds."""
    spent = []
    for _ in range(3):
        begun = time.perf_counter()
        doing()  # type: ignore[operator]
        spent.append(time.perf_counter() - begun)
    return min(spent)


def click() -> None:
    """Assign and write everything, then take it back."""
    try:
        with transaction.atomic():
            done, _ = actions.assign((), DAY, actor=SYSTEM, at=AT)
            assert len(done.postings) == OFFICERS
            raise _Undo
    except _Undo:
        pass


def greedy(metres: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Each place in turn takes the nearest free person, one at a time, the emptiest place first."""
    chosen, there = np.full(len(metres), -1), np.zeros(len(wanted), dtype=int)
    free = np.ones(len(metres), dtype=bool)
    for _ in range(min(len(metres), wanted.sum())):
        need = int(np.argmax((wanted - there) / wanted))
        person = int(np.argmin(np.where(free, metres[:, need], np.inf)))
        chosen[person], free[person], there[need] = need, False, there[need] + 1
    return chosen


def compare(chance: np.random.Generator) -> None:
    """Mean way from home of the flow and of the greedy way."""
    homes = 104.0 + chance.uniform(0, 0.1, OFFICERS), 30.6 + chance.uniform(0, 0.09, OFFICERS)
    needs = 104.0 + chance.uniform(0, 0.1, NEEDS), 30.6 + chance.uniform(0, 0.09, NEEDS)
    metres = metres_between(*homes, *needs)
    wanted = np.array([PEOPLE // NEEDS + (number < PEOPLE % NEEDS) for number in range(NEEDS)])
    zero = np.zeros(metres.shape, dtype=np.int64)
    begun = time.perf_counter()
    ours = match(wanted, np.zeros(NEEDS, dtype=np.int64), np.ones(metres.shape, dtype=bool), zero, metres)
    middle = time.perf_counter()
    theirs = greedy(metres, wanted)
    ended = time.perf_counter()
    ways = [metres[np.arange(OFFICERS), chosen].mean() for chosen in (ours, theirs)]
    print(f"{'':24}{'seconds':>10}{'mean way':>12}")
    print(f"{'flow (ours)':24}{middle - begun:>10.3f}{ways[0]:>10.0f} m")
    print(f"{'greedy':24}{ended - middle:>10.3f}{ways[1]:>10.0f} m   ratio {ways[1] / ways[0]:.2f}")


def main() -> None:
    """The table."""
    chance = np.random.default_rng(7)
    old = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0, autoclobber=True)
    try:
        seed(chance)
        print(f"preview  {best_of_three(lambda: actions.preview((), DAY, actor=SYSTEM, at=AT)):.3f} s")
        print(f"click    {best_of_three(click):.3f} s  ({OFFICERS} posts, postings and events written)")
    finally:
        connection.creation.destroy_test_db(old, verbosity=0)
    compare(chance)


if __name__ == "__main__":
    main()
