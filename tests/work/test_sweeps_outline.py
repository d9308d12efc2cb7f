"""A drawn area chooses the doors of a sweep, by building where its point is known; issued, nothing moves them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from shanzhi.core.kit.clock import FixedClock

SignIn = Callable[[str], Any]
pytestmark = pytest.mark.django_db


def box(west: float, east: float) -> dict[str, Any]:
    ring = [[west, 30.62], [east, 30.62], [east, 30.64], [west, 30.64], [west, 30.62]]
    return {"type": "Polygon", "coordinates": [ring]}


def test_doors_inside_the_outline_and_no_others(
    sign_in: SignIn, town: Any, issued: Any, clock: FixedClock
) -> None:
    commander = sign_in("zhihui")

    def doors(**changes: Any) -> int:
        status, found = commander.post("/api/sweeps/preview", town.body(**changes))
        assert status == 200, found
        return int(found["doors"])

    assert doors() == 48
    # The first two compounds of four.
    assert doors(outline=box(104.0295, 104.0315)) == 24
    assert doors(outline=box(103.0, 103.1)) == 0
    # Micro-grids are enough to name the place, though their compounds belong to the community.
    assert doors(outline=box(104.0295, 104.0305), place_ids=[str(town.micros[0].id)]) == 12
    with connection.cursor() as cursor:
        # A house of the first compound stands elsewhere: it is the house that counts.
        cursor.execute(
            "UPDATE compounds_building SET lon = 104.2 WHERE compound_id = %s AND name = '1栋'",
            [town.compounds[0]],
        )
    assert doors(outline=box(104.0295, 104.0315)) == 12
    assert doors(outline=box(104.19, 104.21)) == 12
    crossing = {"type": "Polygon", "coordinates": [[[104, 30], [105, 31], [105, 30], [104, 31], [104, 30]]]}
    status, refused = commander.post("/api/sweeps/preview", town.body(outline=crossing))
    assert (status, refused["error"]["field"]) == (422, "outline")
    done = issued(outline=box(104.0295, 104.0315))
    assert done["row"]["numbers"]["doors"] == 12 and done["outline"]["type"] == "Polygon"
    with connection.cursor() as cursor:
        cursor.execute("UPDATE compounds_building SET lon = 104.03")
    assert {piece.compound_id for piece in town.pieces(done["row"]["id"])} == {town.compounds[1]}
    assert sign_in("zhihui").get(f"/api/sweeps/{done['row']['id']}")[1]["row"]["numbers"]["doors"] == 12
