"""Coarse work of maps."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.timezone import localdate
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from shanzhi.city.maps import actions
from shanzhi.city.places import queries as places
from shanzhi.city.places.levels import Level

MANY = 5  # districts that are drawn together


@app.task(pass_context=False)
def bake_tiles(area: str) -> int:
    """Draw the tiles of a district or city anew (重绘瓦片); how many. A district's city is drawn after it."""
    at = settings.SHANZHI_CLOCK.now()
    on = localdate(at)
    made = actions.bake(area, on=on, at=at)
    place = places.by_code(area, on)
    if place is not None and place.level == Level.COUNTY:
        ask([above.code for above in places.ancestors(place.id, on) if above.level == Level.CITY])
    return 0 if made is None else made.tiles


@app.task(pass_context=False)
def bake_tiles_of_many(areas: list[str]) -> int:
    """Draw the tiles of many districts and of their cities at once; how many."""
    at = settings.SHANZHI_CLOCK.now()
    on = localdate(at)
    found = [place for area in areas if (place := places.by_code(area, on)) is not None]
    above = [one for place in found for one in places.ancestors(place.id, on)]
    scopes = {one.code for one in (*found, *above) if one.level in actions.SCOPE_LEVELS}
    return sum(made.tiles for made in actions.bake_many(sorted(scopes), on=on, at=at))


def ask(areas: Iterable[str]) -> None:
    """Have tiles drawn (申请重绘) in the transaction of whoever changed something; once for each that waits."""
    wanted = sorted(set(areas))
    tasks: list[tuple[Any, str, Any]] = [(bake_tiles, "area", area) for area in wanted]
    if len(wanted) >= MANY:
        tasks = [(bake_tiles_of_many, "areas", wanted)]
    for task, name, given in tasks:
        lock = f"{task.name.rpartition('.')[2]} {given if name == 'area' else ','.join(given)}"
        try:
            with transaction.atomic():
                task.configure(queueing_lock=lock, lock=lock).defer(**{name: given})
        except AlreadyEnqueued:
            pass
