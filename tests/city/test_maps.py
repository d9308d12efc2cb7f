"""Tiles are baked for a district or a city, and opened by whoever may see what is on them."""

from __future__ import annotations

import gzip
import json
import math
import sqlite3
from datetime import date, timedelta
from uuid import UUID, uuid4

import mapbox_vector_tile
import pytest
import shapely
from django.db import connection
from django.test import Client
from django.utils.timezone import localdate
from tests.city.maps_case import SIDE, SOUTH, WEST, degrees

from shanzhi.base.access import SYSTEM
from shanzhi.base.access.capabilities import CASE_VIEW, PLACE_VIEW
from shanzhi.city.maps import actions, archive, queries
from shanzhi.city.maps.models import TileSet
from shanzhi.city.people import actions as people
from shanzhi.city.places import actions as places
from shanzhi.core.kit import helpers
from shanzhi.core.kit.errors import NotFound

PASSWORD = "Spring-2026"


@pytest.fixture
def browser(drawn, post_kinds, at):
    """A signed-in browser of somebody in posts at places."""

    def enter(*codes, kind="grid_worker"):
        username = f"user{'-'.join(codes) or 'none'}"
        account = people.create_account(username, "某人", PASSWORD, actor=SYSTEM, at=at)
        for code in codes:
            people.appoint(account.id, kind, drawn[code], from_on=date(2025, 1, 1), actor=SYSTEM, at=at)
        client = Client()
        body = json.dumps({"username": username, "password": PASSWORD})
        assert client.post("/api/session", body, content_type="application/json").status_code == 200
        return client

    return enter


def bake(scope, at, **later):
    moment = at + timedelta(**later)
    return actions.bake(scope, on=localdate(moment), at=moment)


def everything_in(tile_set):
    """Names of the features of each layer, over all tiles of a file, with their properties."""
    found = {}
    with sqlite3.connect(archive.path_of(tile_set.file_name)) as file:
        for (data,) in file.execute("SELECT tile_data FROM tiles"):
            for name, layer in mapbox_vector_tile.decode(gzip.decompress(data)).items():
                if name.startswith("name-"):
                    continue
                for feature in layer["features"]:
                    properties = feature["properties"]
                    found.setdefault(name, {})[properties["name"]] = properties
    return found


def tile_around(lon, lat, zoom):
    import numpy as np

    from shanzhi.core.geometry import mercator

    column, row = np.floor(mercator(np.array([[lon, lat]]))[0] * 2**zoom).astype(int).tolist()
    return zoom, column, row


def address(found, zoom, column, row):
    return f"/api/tiles/{found.scope}/{found.id}/{zoom}/{column}/{row}"


def test_a_district_shows_all_of_its_own_and_outlines_of_others(drawn, at):
    made = bake("900101", at)
    assert (made.scope, made.from_on, made.min_zoom, made.max_zoom) == ("900101", localdate(at), 5, 14)
    found = everything_in(made)
    assert {name: set(features) for name, features in found.items()} == {
        "county": {"东区", "西区"}, "street": {"春风街道", "安定街道", "桥头镇"},
        "community": {"长乐社区", "北门社区", "安居社区"}, "grid": {"东一网格"},
        "microgrid": {"东一微网格", "东二微网格"}, "compound": {"示例东苑"},
    }  # fmt: skip
    assert found["microgrid"]["东二微网格"] == {
        "id": str(drawn["900101001001001002"]), "code": "900101001001001002", "name": "东二微网格", "approx": True,
        "households": 23,
    }  # fmt: skip
    assert "households" not in found["microgrid"]["东一微网格"]
    assert found["grid"]["东一网格"]["households"] == 23
    counties = {name: (f.get("households"), f.get("outside")) for name, f in found["county"].items()}
    assert counties == {"东区": (24, None), "西区": (None, True)}
    assert "approx" not in found["county"]["东区"]
    assert found["street"]["春风街道"]["households"] == 24 and "outside" not in found["street"]["春风街道"]
    assert found["compound"]["示例东苑"]["kind"] == "compound"
    zoom, column, row = tile_around(*degrees(1.5, 1), 14)
    tile = mapbox_vector_tile.decode(gzip.decompress(archive.read(made.file_name, zoom, column, row)))
    shown = {name for name in tile if not name.startswith("name-")}
    assert shown == {"county", "street", "community", "grid", "microgrid", "compound"}


def names_in(tile_set):
    """Zoom -> layer -> name -> where it stands in degrees, once for each tile in which it is drawn."""
    found = {}
    with sqlite3.connect(archive.path_of(tile_set.file_name)) as file:
        rows = file.execute("SELECT zoom_level, tile_column, tile_row, tile_data FROM tiles").fetchall()
    for zoom, column, row, data in rows:
        for layer, content in mapbox_vector_tile.decode(
            gzip.decompress(data), default_options={"y_coord_down": True}
        ).items():
            if not layer.startswith("name-"):
                continue
            for feature in content["features"]:
                x, y = feature["geometry"]["coordinates"]
                # A point in the buffer of its neighbour's tile is left to that tile, here as on the screen.
                if 0 <= x < 4096 and 0 <= y < 4096:
                    north = (1 << zoom) - 1 - row
                    spot = (column + x / 4096) / 2**zoom, (north + y / 4096) / 2**zoom
                    lon = spot[0] * 360 - 180
                    lat = math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * spot[1]))))
                    names = found.setdefault(zoom, {}).setdefault(layer, {})
                    names.setdefault(feature["properties"]["name"], []).append((lon, lat))
    return found


def test_a_place_that_crosses_tiles_is_named_once(drawn, at):
    made = bake("900101", at)
    county = places.Place.objects.get(id=drawn["900101"])
    crossed = sum(
        "county" in mapbox_vector_tile.decode(gzip.decompress(data))
        for (data,) in sqlite3.connect(archive.path_of(made.file_name)).execute(
            "SELECT tile_data FROM tiles WHERE zoom_level = 14"
        )
    )
    assert crossed > 4  # so a name a polygon would stand in each of these
    found = names_in(made)
    assert {zoom: sorted(layers) for zoom, layers in found.items()} == {
        **{zoom: ["name-county"] for zoom in (7, 8, 9)},
        **{zoom: ["name-county", "name-street"] for zoom in (10, 11)},
        **{zoom: ["name-community", "name-county", "name-street"] for zoom in (12, 13)},
        14: ["name-community", "name-county", "name-grid", "name-microgrid", "name-street"],
    }
    for zoom, layers in found.items():
        for layer, names in layers.items():
            assert {name: len(spots) for name, spots in names.items()} == dict.fromkeys(names, 1), (
                zoom,
                layer,
            )
    assert set(found[14]["name-microgrid"]) == {"东一微网格", "东二微网格"}
    [spot] = found[14]["name-county"]["东区"]
    assert shapely.from_wkb(bytes(county.boundary)).contains(shapely.Point(spot))


def test_a_place_in_parts_is_named_in_the_largest(drawn, at):
    parts = shapely.MultiPolygon(
        [
            shapely.box(*degrees(0.1, 0.1), *degrees(0.3, 0.3)),
            shapely.box(*degrees(1, 1), *degrees(3, 3)),
            shapely.box(*degrees(3.5, 0.1), *degrees(3.6, 0.2)),
        ]
    )
    places.Place.objects.filter(id=drawn["900101001"]).update(boundary=shapely.to_wkb(parts))
    [spot] = names_in(bake("900101", at))[14]["name-street"]["春风街道"]
    assert parts.geoms[1].contains(shapely.Point(spot))


def test_a_city_shows_everything(drawn, at):
    found = everything_in(bake("900100", at))
    assert set(found["microgrid"]) == {"东一微网格", "东二微网格", "西一微网格"}
    assert set(found["compound"]) == {"示例东苑", "示例西苑"}
    assert found["county"]["西区"]["households"] == 24 and "outside" not in found["county"]["西区"]


@pytest.mark.once
def test_many_are_drawn_together_as_they_are_alone(drawn, at, monkeypatch):
    alone = [everything_in(bake(code, at)) for code in ("900100", "900101")]
    monkeypatch.setattr(helpers, "usual", lambda: 2)
    both = actions.bake_many(["900101", "900100"], on=localdate(at), at=at)
    assert [made.scope for made in both] == ["900100", "900101"]
    assert [everything_in(made) for made in both] == alone
    with pytest.raises(NotFound):
        actions.bake_many(["900101001"], on=localdate(at), at=at)


def test_the_file_says_what_it_is(drawn, at):
    made = bake("900101", at)
    with sqlite3.connect(archive.path_of(made.file_name)) as file:
        metadata = dict(file.execute("SELECT name, value FROM metadata"))
        rows = dict(file.execute("SELECT zoom_level, count(*) FROM tiles GROUP BY 1"))
    assert {key: metadata[key] for key in ("name", "format", "minzoom", "maxzoom", "version")} == {
        "name": "东区", "format": "pbf", "minzoom": "5", "maxzoom": "14", "version": str(made.id),
    }  # fmt: skip
    layers = json.loads(metadata["json"])["vector_layers"]
    levels = ("county", "street", "community", "grid", "microgrid")
    assert [layer["id"] for layer in layers] == [
        *(name for level in levels for name in (level, f"name-{level}")),
        "compound",
    ]
    assert sum(rows.values()) == made.tiles and set(rows) == set(range(5, 15))
    west, south, east, north = (float(value) for value in metadata["bounds"].split(","))
    assert west < WEST < WEST + SIDE < east < WEST + 2 * SIDE and south < SOUTH < SOUTH + SIDE < north
    assert oct(archive.path_of(made.file_name).parent.stat().st_mode)[-3:] == "700"
    assert [path.name for path in archive.path_of("").iterdir()] == [made.file_name]


@pytest.mark.once
def test_the_caller_gets_the_sets_of_their_posts(browser, drawn, at):
    sets = {code: bake(code, at) for code in ("900100", "900101", "900102")}

    def listed(client):
        answer = client.get("/api/maps")
        assert answer.status_code == 200
        assert answer.json()["as_of"] == localdate(at).isoformat()
        return [(one["scope"], one["name"], UUID(one["version"])) for one in answer.json()["scopes"]]

    city, east, west = (
        (code, name, sets[code].id)
        for code, name in (("900100", "乙市"), ("900101", "东区"), ("900102", "西区"))
    )
    assert listed(browser("900100")) == listed(browser("900000")) == [city]
    assert listed(browser("900101")) == listed(browser("900101001")) == [east]
    assert listed(browser("900102001201001001")) == [west]
    assert listed(browser("900102001", "900101001001")) == [east, west]
    first = browser("900101002").get("/api/maps").json()["scopes"][0]
    assert (first["min_zoom"], first["max_zoom"]) == (5, 14)
    assert first["bounds"] == [
        sets["900101"].west,
        sets["900101"].south,
        sets["900101"].east,
        sets["900101"].north,
    ]
    assert browser("900101001002", kind="acceptor").get("/api/maps?on=x").json()["error"]["field"] == "on"


@pytest.mark.once
def test_nobody_opens_the_tiles_of_another_district(browser, drawn, at):
    east, west, city = (bake(code, at) for code in ("900101", "900102", "900100"))
    inside = tile_around(*degrees(1.5, 1), 14)
    beyond = tile_around(*degrees(6, 2), 14)
    client = browser("900101001")
    tile = client.get(address(east, *inside))
    assert tile.status_code == 200
    assert (tile["Content-Type"], tile["Content-Encoding"]) == ("application/vnd.mapbox-vector-tile", "gzip")
    assert tile["Cache-Control"] == "private, max-age=31536000, immutable"
    assert set(
        mapbox_vector_tile.decode(gzip.decompress(tile.content))["microgrid"]["features"][0]["properties"]
    )
    for hidden, where in ((west, beyond), (west, inside), (city, inside), (city, beyond)):
        refused = client.get(address(hidden, *where))
        assert (refused.status_code, refused.json()["error"]["code"]) == (404, "not-found")
    # The right version under another's name, and one that never was, look the same.
    for wrong in (f"/api/tiles/900102/{east.id}/14/1/1", f"/api/tiles/900101/{uuid4()}/14/1/1"):
        assert client.get(wrong).json() == refused.json()
    # Where the other district lies, the own set knows the outlines alone.
    own = client.get(address(east, *tile_around(*degrees(4.3, 1), 14)))
    assert own.status_code == 200
    shown = mapbox_vector_tile.decode(gzip.decompress(own.content))
    there = {name: {f["properties"]["name"] for f in layer["features"]} for name, layer in shown.items()}
    assert there["county"] >= {"西区"} and there["street"] >= {"桥头镇"}
    assert not {"西一网格", "西一微网格", "河湾村", "示例西苑"} & set().union(*there.values())
    assert browser("900100").get(address(west, *beyond)).status_code == 200
    assert Client().get(address(east, *inside)).status_code == 401
    assert browser(kind="").get(address(east, *inside)).status_code == 403


def test_a_post_that_ends_closes_the_tiles_at_once(drawn, at, post_at):
    made = bake("900101", at)
    where, on = tile_around(*degrees(1.5, 1), 14), localdate(at)
    assert queries.tile("900101", made.id, *where, post_at(drawn["900101"], PLACE_VIEW), on)
    for actor in (post_at(drawn["900102"], PLACE_VIEW), post_at(drawn["900101"], CASE_VIEW)):
        with pytest.raises(NotFound):
            queries.tile("900101", made.id, *where, actor, on)
    # Whoever stood in the other district before it gave a street away sees its map no longer.
    moved = post_at(drawn["900101002"], PLACE_VIEW)
    assert queries.tile("900101", made.id, *where, moved, on)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE places_placeclosure SET to_on = %s WHERE descendant_id = %s AND ancestor_id = %s",
            [on, drawn["900101002"], drawn["900101"]],
        )
    queries._file_of.cache_clear()
    with pytest.raises(NotFound):
        queries.tile("900101", made.id, *where, moved, on)


def test_empty_tiles_and_tiles_that_cannot_be(browser, drawn, at):
    made = bake("900101", at)
    client = browser("900101")
    for zoom, column, row in ((14, 5, 5), (14, 1 << 14, 0), (40, 0, 0), (15, 25856, 13448)):
        empty = client.get(address(made, zoom, column, row))
        assert (empty.status_code, empty.content) == (204, b"")
    archive.remove(made.file_name)
    archive.forget()
    gone = client.get(address(made, *tile_around(*degrees(1.5, 1), 14)))
    assert (gone.status_code, gone.json()["error"]["code"]) == (404, "not-found")


def test_the_map_of_a_past_day(browser, drawn, at):
    old = bake("900101", at, days=-200)
    newer = bake("900101", at, days=-10)
    client = browser("900101")

    def version(on=""):
        return [one["version"] for one in client.get("/api/maps", {"on": on}).json()["scopes"]]

    assert version() == [str(newer.id)]
    assert version(newer.from_on.isoformat()) == [str(newer.id)]
    assert version((newer.from_on - timedelta(days=1)).isoformat()) == [str(old.id)]
    assert version((old.from_on - timedelta(days=1)).isoformat()) == []
    where = tile_around(*degrees(1.5, 1), 14)
    assert client.get(address(old, *where)).status_code == 200


def test_sets_of_one_day_replace_each_other(drawn, at, django_capture_on_commit_callbacks):
    kept = bake("900101", at, days=-5)
    with django_capture_on_commit_callbacks(execute=True):
        made = [bake("900101", at, minutes=minute) for minute in range(4)]
    left = [kept.id, made[2].id, made[3].id]
    assert list(TileSet.objects.order_by("baked_at").values_list("id", flat=True)) == left
    assert {path.name for path in archive.path_of("").iterdir()} == {f"900101-{one}.mbtiles" for one in left}


def test_a_place_that_ended_is_not_drawn_after(drawn, at):
    on = localdate(at)
    places.Place.objects.filter(id=drawn["900101001001001001"]).update(closed_on=on)
    assert set(everything_in(bake("900101", at))["microgrid"]) == {"东二微网格"}
    assert set(everything_in(bake("900101", at, days=-1))["microgrid"]) == {"东一微网格", "东二微网格"}


def test_what_cannot_be_drawn(town, at):
    assert bake("900101", at) is None
    assert TileSet.objects.count() == 0
    for code in ("900101001", "999999", ""):
        with pytest.raises(NotFound):
            bake(code, at)


def test_a_failed_file_leaves_nothing(db, at):
    def broken():
        yield 5, 1, 1, b"x"
        raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        archive.write("900101-x.mbtiles", broken(), {"name": "x"})
    assert list(archive.path_of("").iterdir()) == []
    with pytest.raises(FileNotFoundError):
        archive.read("900101-x.mbtiles", 5, 1, 1)
