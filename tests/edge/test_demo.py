"""The demo city, at any hour of the day."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from shanzhi.city.compounds.models import Floor, Membership
from shanzhi.city.gridding.models import Proposal
from shanzhi.city.places.models import Place
from shanzhi.core.kit.clock import FixedClock
from shanzhi.edge.cli import demo, demo_grids
from shanzhi.work.cases.models import Case

pytestmark = [pytest.mark.django_db, pytest.mark.once]


@pytest.mark.parametrize("hour", [1, 16, 20])
def test_the_demo_city_is_made_at_any_hour(hour: int, settings: Any) -> None:
    """16:20 in UTC is shortly after midnight in the city: the samples were reported the day before."""
    settings.SHANZHI_CLOCK = FixedClock(datetime(2026, 11, 23, hour, 20, tzinfo=UTC))
    demo.seed()
    states = set(Case.objects.values_list("state", flat=True))
    assert Case.objects.count() == len(demo.SAMPLES)
    assert {
        "reported",
        "accepted",
        "filed",
        "dispatched",
        "signed",
        "handled",
        "inspecting",
        "inspected",
    } <= states
    demo.seed()
    assert Case.objects.count() == len(demo.SAMPLES)


def test_a_district_with_a_history(settings: Any, capsys: Any) -> None:
    """Any district of the packs; its people are its own, and nothing of the history lies ahead."""
    from shanzhi.city.people.models import Account
    from shanzhi.edge.cli.sentences import CommandError
    from shanzhi.work.cases.models import CaseEvent

    now = datetime(2026, 11, 23, 6, 20, tzinfo=UTC)
    settings.SHANZHI_CLOCK = FixedClock(now)
    demo.seed_city("510104", days=4, a_day=12)
    cases = Case.objects.filter(area="510104")
    assert 36 <= cases.count() <= 48 and cases.filter(state="closed").count() >= 10
    assert CaseEvent.objects.filter(at__gt=now).count() == 0
    assert Account.objects.filter(username="shouli-510104").exists()
    before = CaseEvent.objects.count()
    demo.seed_city("510104", days=4, a_day=12)
    assert CaseEvent.objects.count() == before
    for code in ("999999", "51010", "abcdef"):
        with pytest.raises(CommandError):
            demo.seed_city(code, days=4, a_day=12)
    with pytest.raises(CommandError):
        demo.seed_city("510104", days=0, a_day=12)


def test_a_city_is_all_its_districts() -> None:
    rows = demo.divisions_of("510100")
    assert (len(rows), len({row.code for row in rows if len(row.code) == 6})) == (3330, 22)
    assert {row.code[:6] for row in demo.divisions_of("510107")} == {"510000", "510100", "510107"}


@pytest.mark.django_db
def test_the_demo_district_is_built_and_divided_but_for_one_street() -> None:
    demo.seed(samples=False)
    demo_grids.seed_grids()
    communities = Place.objects.filter(level="community", area=demo.DISTRICT)
    assert all(place.boundary and place.approximate for place in communities)
    held = Membership.objects.count()
    assert held and held < Floor.objects.count()
    published, draft = Proposal.objects.order_by("created_at", "id")
    assert (published.state, draft.state) == ("published", "ready")
    assert published.numbers["disconnected"] == published.numbers["needless"] == 0
    grids = Place.objects.filter(level="grid", closed_on=None)
    assert grids.filter(name__startswith="示例网格").count() == 12
    demo_grids.seed_grids()
    assert Membership.objects.count() == held and Proposal.objects.count() == 2


def test_the_demo_has_an_order_in_force_and_one_to_confirm() -> None:
    from shanzhi.edge.cli import demo_orders
    from shanzhi.work.orders.models import Order, Recipient

    demo.seed(samples=False)
    for _ in range(2):
        demo_orders.seed_orders()
    assert sorted(Order.objects.values_list("state", flat=True)) == ["issued", "proposed"]
    states = set(Recipient.objects.values_list("state", flat=True))
    assert {"sent", "read", "acknowledged", "done", "cannot"} <= states
