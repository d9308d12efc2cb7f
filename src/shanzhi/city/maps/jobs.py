"""Coarse work of maps."""

from collections.abc import Iterable

from django.conf import settings
from django.db import transaction
from django.utils.timezone import localdate
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from shanzhi.city.maps import actions
from shanzhi.city.places import queries as places
from shanzhi.city.places.levels import Level


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


def ask(areas: Iterable[str]) -> None:
    """Have tiles drawn (申请重绘) in the transaction of whoever changed something; once for each that waits."""
    for area in sorted(set(areas)):
        name = f"bake_tiles {area}"
        try:
            with transaction.atomic():
                bake_tiles.configure(queueing_lock=name, lock=name).defer(area=area)
        except AlreadyEnqueued:
            pass
