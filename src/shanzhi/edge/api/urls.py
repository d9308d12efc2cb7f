"""Every address of the program."""

from django.urls import path as page
from dmr.routing import Router

from shanzhi.base.media.api import urlpatterns as media
from shanzhi.base.retention.api import urlpatterns as retention
from shanzhi.city.cards.api import urlpatterns as cards
from shanzhi.city.compounds.api import urlpatterns as compounds
from shanzhi.city.gridding.api import urlpatterns as gridding
from shanzhi.city.maps.api import urlpatterns as maps
from shanzhi.city.modes.api import urlpatterns as modes
from shanzhi.city.partners.api import urlpatterns as partners
from shanzhi.city.people.api import urlpatterns as people
from shanzhi.city.places.api import urlpatterns as places
from shanzhi.city.surge.api import urlpatterns as surge
from shanzhi.command.board.api import urlpatterns as board
from shanzhi.command.drills.api import urlpatterns as drills
from shanzhi.command.plans.api import urlpatterns as plans
from shanzhi.command.reporting.api import urlpatterns as reporting
from shanzhi.edge.api import description, pages
from shanzhi.edge.api.grid_page import urlpatterns as grid_page
from shanzhi.edge.api.grid_people import urlpatterns as grid_people
from shanzhi.edge.exchange.channels.api import urlpatterns as channels
from shanzhi.edge.push.api import urlpatterns as push
from shanzhi.scenes.isolation.api import urlpatterns as isolation
from shanzhi.scenes.sampling.api import urlpatterns as sampling
from shanzhi.work.cases.api import urlpatterns as cases
from shanzhi.work.catalogue.api import urlpatterns as catalogue
from shanzhi.work.orders.api import urlpatterns as orders
from shanzhi.work.rosters.api import urlpatterns as rosters
from shanzhi.work.stock.api import urlpatterns as stock
from shanzhi.work.sweeps.api import urlpatterns as sweeps

router = Router(
    "api/",
    [
        *people,
        *places,
        *compounds,
        *maps,
        *gridding,
        *cards,
        *partners,
        *surge,
        *grid_page,
        *grid_people,
        *catalogue,
        *cases,
        *orders,
        *retention,
        *modes,
        *sweeps,
        *rosters,
        *stock,
        *isolation,
        *sampling,
        *plans,
        *reporting,
        *board,
        *drills,
        *media,
        *push,
        *channels,
    ],  # fmt: skip
)

urlpatterns = [
    page("", pages.desk, name="desk"),
    page("r/", pages.resident, name="resident"),
    page("sw.js", pages.offline_worker, name="offline-worker"),
    page("api/openapi.json", description.as_json, name="openapi"),
    page("api/docs/", description.for_people, name="docs"),
    router.to_urlpatterns(),
]
handler404 = pages.not_found
handler500 = pages.broken
