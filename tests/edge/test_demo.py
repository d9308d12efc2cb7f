"""The demo city, at any hour of the day."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from shanzhi.core.kit.clock import FixedClock
from shanzhi.edge.cli import demo
from shanzhi.work.cases.models import Case

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("hour", [1, 16, 20])
def test_the_demo_city_is_made_at_any_hour(hour: int, settings: Any) -> None:
    """16:20 in UTC is shortly after midnight in the city: the samples were reported the day before."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
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
