"""Tiles are drawn anew by jobs when what they show has changed."""

import json

import shapely
from django.db import connection
from django.utils.timezone import localdate
from tests.city.maps_case import SIDE, SOUTH, WEST

from shanzhi.base.access import SYSTEM
from shanzhi.city.compounds.bulk import BulkRows
from shanzhi.city.maps import jobs
from shanzhi.city.maps.models import TileSet
from shanzhi.core.kit import helpers


def waiting():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT args->>'area' FROM procrastinate_jobs WHERE task_name LIKE %s AND status = 'todo' ORDER BY id",
            ["%bake_tiles"],
        )
        return [area for (area,) in cursor.fetchall()]


def test_tiles_are_drawn_by_a_job_once_for_all_who_ask(drawn, clock):
    jobs.ask(["900102", "900101", "900101"])
    jobs.ask(["900101"])
    assert waiting() == ["900101", "900102"]
    assert jobs.bake_tiles("900101") == TileSet.objects.get(scope="900101").tiles > 0
    assert waiting() == ["900101", "900102", "900100"]
    jobs.bake_tiles("900102")
    jobs.bake_tiles("900100")
    assert waiting() == ["900101", "900102", "900100"]
    assert sorted(TileSet.objects.values_list("scope", flat=True)) == ["900100", "900101", "900102"]


def test_many_districts_are_drawn_by_one_job_with_their_city(drawn, clock, monkeypatch):
    monkeypatch.setattr(jobs, "MANY", 2)
    monkeypatch.setattr(helpers, "usual", lambda: 0)
    for _ in range(2):
        jobs.ask(["900102", "900101"])
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT args FROM procrastinate_jobs WHERE task_name LIKE '%%bake_tiles_of_many' AND status = 'todo'"
        )
        [[given]] = cursor.fetchall()
    assert json.loads(given) == {"areas": ["900101", "900102"]}
    assert (
        jobs.bake_tiles_of_many(["900101", "900102"])
        == sum(TileSet.objects.values_list("tiles", flat=True))
        > 0
    )
    assert sorted(TileSet.objects.values_list("scope", flat=True)) == ["900100", "900101", "900102"]


def test_whatever_the_map_shows_asks_for_new_tiles(town, at):
    """A change of the tree, a boundary and a compound; once for each district that waits."""
    from shanzhi.city.compounds import actions as compounds
    from shanzhi.city.places import changes
    from shanzhi.city.places.boundaries import write_outlines
    from shanzhi.city.places.wishes import Change

    def waiting() -> set[str]:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT args->>'area' FROM procrastinate_jobs WHERE task_name LIKE '%%bake_tiles' AND status = 'todo'"
            )
            found = [area for (area,) in cursor.fetchall()]
            cursor.execute("DELETE FROM procrastinate_jobs")
        assert len(found) == len(set(found))
        return set(found)

    waiting()
    changes.make(
        Change("rename", localdate(at), "试", place_id=town["900101001"], name="新名街道"),
        actor=SYSTEM,
        at=at,
    )
    assert waiting() == {"900101"}
    shape = shapely.to_wkb(shapely.box(WEST, SOUTH, WEST + SIDE, SOUTH + SIDE))
    write_outlines([(town["900102"], shape, False, WEST, SOUTH), (town["900101"], shape, False, WEST, SOUTH)])
    assert waiting() == {"900101", "900102"}
    rows = BulkRows()
    compound = rows.compound(
        "900101", "compound", "示例苑", town["900101001001"], 104.0, 30.0, 100, 2, localdate(at)
    )
    rows.write()
    compounds.edit("900101", compound, name="示例新苑", reason="改名", actor=SYSTEM, at=at)
    assert waiting() == {"900101"}
