"""The grids of the demo city (演示网格): a town of invented compounds, divided and published but for one street.

That street is left as a proposal, so that there is something to correct and to publish.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.utils.timezone import localdate

from shanzhi.base.access import SYSTEM
from shanzhi.city.compounds.models import Compound
from shanzhi.city.gridding import actions as gridding
from shanzhi.city.gridding import bounds, publishing
from shanzhi.city.maps import actions as maps
from shanzhi.city.places.models import Place
from shanzhi.edge.cli import demo, demo_town

PUBLISHED_DAYS_AGO = 30


def seed_grids(district: str = demo.DISTRICT, *, at: datetime | None = None) -> None:
    """Build the town of a demo district and divide it; a second run changes nothing."""
    now = at or settings.SHANZHI_CLOCK.now()
    if Compound.objects.filter(area=district).exists():
        return
    order = [row.code for row in demo.divisions_of(district[:4] + "00") if len(row.code) == 12]
    order.sort(key=lambda code: (code[:6] != demo.DISTRICT, code))
    demo_town.lay_out(district, order, localdate(now) - timedelta(days=365))
    streets = list(Place.objects.filter(area=district, level="street", closed_on=None).order_by("code"))
    usual = bounds.pack()["presets"][0]
    band = usual["low"], usual["high"], usual["target"]
    on = localdate(now) - timedelta(days=PUBLISHED_DAYS_AGO)
    made = _proposed(gridding.NewProposal("首次划分微网格", [s.id for s in streets[1:]], *band), now)
    made = gridding.begin_publishing(made.id, made.version, on=on, reason="首次划分", actor=SYSTEM, at=now)
    publishing.publish(made.id, on=on, reason="首次划分", actor=SYSTEM, at=now)
    maps.bake(district, on=localdate(now), at=now)
    _proposed(gridding.NewProposal(f"{streets[0].name}微网格划分", [streets[0].id], *band), now)


def seed_city_grids(code: str) -> None:
    """The same for every district of a city, or for the one district."""
    districts = {row.code[:6] for row in demo.divisions_of(code) if len(row.code) == 12}
    for district in sorted(districts):
        seed_grids(district)


def _proposed(wish: gridding.NewProposal, now: datetime) -> gridding.Proposal:
    made = gridding.work_out(gridding.create(wish, actor=SYSTEM, at=now).id, at=now)
    if made.error:
        raise RuntimeError(made.error["message"])
    return made
