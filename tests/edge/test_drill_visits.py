"""Simulated visitors of a drill go through the door of real phones, and cover what the lists hold."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from tests.work.conftest import Town

from shanzhi.command.drills import packs
from shanzhi.core.kit.clock import FixedClock
from shanzhi.edge.exchange.drill_visits import DrillVisits
from shanzhi.work.cases.models import Case
from shanzhi.work.sweeps import folding, loop
from shanzhi.work.sweeps.models import FollowUp, Sweep, Turn, Visit

pytestmark = [pytest.mark.django_db, pytest.mark.once]


def test_a_drill_covers_its_doors_and_makes_no_cases(sign_in: Any, city: None, clock: FixedClock) -> None:
    town = Town(clock)
    lead, commander = sign_in("zhibanzhang"), sign_in("zhihui")
    ids = []
    for drill in (True, False):
        made = lead.post("/api/sweeps/drafts", town.body(is_drill=drill))[1]["row"]["id"]
        assert lead.post(f"/api/sweeps/{made}/propose", {})[0] == 200
        assert commander.post(f"/api/sweeps/{made}/issue", {})[0] == 200
        ids.append(made)
    loop.step(clock)
    sweep, real = (Sweep.objects.get(id=one) for one in ids)
    usual = packs.behaviour().doors
    with pytest.raises(ValueError, match="drill"):
        DrillVisits(real, usual, clock, seed=1)
    given = msgspec.structs.replace(usual, helps=0.2, away=0.1, refuses=0.0, revisits=0)
    ill = town.workers["s0"].id
    found = DrillVisits(sweep, given, clock, seed=1, starts={ill: float("inf")})
    assert found.doors == 48 and found.ends_at is not None
    clock.advance(timedelta(minutes=8))
    early = found.submit_until(clock.now())
    clock.advance(found.ends_at - clock.now() + timedelta(seconds=1))
    rest = found.submit_until(clock.now())
    assert 0 < early < 48 and early + rest == Visit.objects.count() == 42
    assert found.submit_until(clock.now()) == 0
    # The same drill once more: every visit is known.
    assert DrillVisits(sweep, given, clock, seed=1, starts={ill: float("inf")}).submit_until(clock.now()) == 0
    folding.fold(clock.now())
    loop.step(clock)
    turn = Turn.objects.get(sweep=sweep)
    assert turn.visited + turn.absent + turn.help == 42 and turn.help > 0
    assert Case.objects.count() == 0
    assert set(FollowUp.objects.values_list("state", flat=True)) == {"dismissed"}
