"""The city of a drill (演练城市): official divisions, with invented grids, doors and workers below the communities.

Written in sets: a whole city in well under a minute. Nothing here is a real address or person.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.utils.timezone import localdate

from shanzhi.base.access import SYSTEM
from shanzhi.city.people import actions as people
from shanzhi.city.people.models import Account
from shanzhi.city.places import actions as places
from shanzhi.city.places.models import Place
from shanzhi.edge.cli.demo import divisions_of

# Published of Chengdu: 126,000 micro-grids in 13,000 grids of 3,044 communities, 149,000 workers, 8.5 million homes.
MICROGRIDS, GRIDS, WORKERS, HOMES = 126_000, 13_000, 149_000, 8_500_000
_ID = "('00000000-0000-7000-8{kind}00-' || lpad(to_hex(s.n), 12, '0'))::uuid"
_GRID, _MICRO = _ID.format(kind="1"), _ID.format(kind="2")

_COMMUNITIES = """
CREATE TEMPORARY TABLE drill_community ON COMMIT DROP AS
SELECT id, code, area, row_number() OVER (ORDER BY code) - 1 AS n FROM places_place
WHERE level = 'community' AND closed_on IS NULL
"""
# The nth of `count` lies under the (n * above / count)th: every parent has about as many.
_PLACES = """
INSERT INTO places_place (id, level, code, name, pinyin, area, urban_rural_class, approximate, opened_on)
SELECT {id}, '{level}', {code}, {name}, {pinyin}, c.area, '', FALSE, %(on)s
FROM generate_series(0, %(count)s - 1) s(n)
JOIN drill_community c ON c.n = s.n::bigint * %(communities)s / %(count)s
"""
_NTH = "(1 + s.n - ceil(c.n * %(count)s::numeric / %(communities)s))"
_GRIDS = _PLACES.format(
    id=_GRID, level="grid", code=f"c.code || lpad({_NTH}::text, 3, '0')", name=f"'第' || {_NTH} || '网格'",
    pinyin="'di' || lpad(s.n::text, 6, '0') || 'wangge'",
)  # fmt: skip
_MICROS = _PLACES.format(
    id=_MICRO, level="microgrid", code="'9' || lpad(s.n::text, 17, '0')", name="'微网格' || (s.n + 1)",
    pinyin="'weiwangge' || lpad(s.n::text, 6, '0')",
)  # fmt: skip
_VERSIONS = """
INSERT INTO places_placeversion (place_id, code, name, pinyin, from_on)
SELECT id, code, name, pinyin, opened_on FROM places_place WHERE level IN ('grid', 'microgrid')
"""
# Which grid the nth micro-grid lies in: the nearest by its share among those of its own community.
_CLOSURE = f"""
INSERT INTO places_placeclosure (ancestor_id, descendant_id, depth, from_on)
SELECT id, id, 0, opened_on FROM places_place WHERE level IN ('grid', 'microgrid')
UNION ALL
SELECT k.ancestor_id, {_GRID}, k.depth + 1, %(on)s
FROM generate_series(0, %(grids)s - 1) s(n)
JOIN drill_community c ON c.n = s.n::bigint * %(communities)s / %(grids)s
JOIN places_placeclosure k ON k.descendant_id = c.id AND k.to_on IS NULL
"""
_CLOSURE_MICRO = f"""
INSERT INTO places_placeclosure (ancestor_id, descendant_id, depth, from_on)
SELECT k.ancestor_id, m.id, k.depth + 1, %(on)s
FROM (
  SELECT {_MICRO} AS id, least(
    ceil((c.n + 1) * %(grids)s::numeric / %(communities)s)::bigint - 1,
    greatest(ceil(c.n * %(grids)s::numeric / %(communities)s)::bigint, s.n::bigint * %(grids)s / %(micros)s)
  ) AS grid
  FROM generate_series(0, %(micros)s - 1) s(n)
  JOIN drill_community c ON c.n = s.n::bigint * %(communities)s / %(micros)s
) m
JOIN LATERAL (SELECT m.grid AS n) s ON TRUE
JOIN places_placeclosure k ON k.descendant_id = {_GRID} AND k.to_on IS NULL
"""
_HOMES = """
WITH compound AS (
  INSERT INTO compounds_compound (id, area, kind, code, name, pinyin, address, place_id, datum, opened_on)
  SELECT ('00000000-0000-7000-8300-' || lpad(to_hex(n), 12, '0'))::uuid, area, 'compound', '', '示例小区', 'shili',
    '', id, '', %(on)s
  FROM drill_community
), building AS (
  INSERT INTO compounds_building (id, area, compound_id, name, opened_on)
  SELECT ('00000000-0000-7000-8400-' || lpad(to_hex(m.n), 12, '0'))::uuid, c.area,
    ('00000000-0000-7000-8300-' || lpad(to_hex(c.n), 12, '0'))::uuid, (m.n + 1) || '栋', %(on)s
  FROM generate_series(0, %(micros)s - 1) m(n)
  JOIN drill_community c ON c.n = m.n::bigint * %(communities)s / %(micros)s
), floor AS (
  INSERT INTO compounds_floor (id, area, building_id, stairwell, floor, top, homes, shops, opened_on)
  SELECT ('00000000-0000-7000-8500-' || lpad(to_hex(m.n), 12, '0'))::uuid, c.area,
    ('00000000-0000-7000-8400-' || lpad(to_hex(m.n), 12, '0'))::uuid, '', 1, 6,
    %(homes)s / %(micros)s + (m.n %% 21) - 10, 0, %(on)s
  FROM generate_series(0, %(micros)s - 1) m(n)
  JOIN drill_community c ON c.n = m.n::bigint * %(communities)s / %(micros)s
)
INSERT INTO compounds_membership (id, area, floor_id, place_id, from_on)
SELECT ('00000000-0000-7000-8600-' || lpad(to_hex(m.n), 12, '0'))::uuid, c.area,
  ('00000000-0000-7000-8500-' || lpad(to_hex(m.n), 12, '0'))::uuid,
  ('00000000-0000-7000-8200-' || lpad(to_hex(m.n), 12, '0'))::uuid, %(on)s
FROM generate_series(0, %(micros)s - 1) m(n)
JOIN drill_community c ON c.n = m.n::bigint * %(communities)s / %(micros)s
"""
# A worker in every micro-grid and one in every grid; whoever is left over helps where there is one already.
_PEOPLE = """
WITH who AS (
  SELECT n, ('00000000-0000-7000-9000-' || lpad(to_hex(n), 12, '0'))::uuid AS id
  FROM generate_series(0, %(people)s - 1) n
), made AS (
  INSERT INTO people_account (id, password, username, display_name, is_active, created_at, password_changed_at)
  SELECT id, '!', 'p' || n, '示例' || n, TRUE, %(at)s, %(at)s FROM who
), reached AS (
  INSERT INTO people_contact (account_id, kind, address, set_at, set_by)
  SELECT id, 'phone', %(address)s, %(at)s, '演练' FROM who
)
INSERT INTO people_post (id, account_id, kind_id, place_id, from_on)
SELECT ('00000000-0000-7000-a000-' || lpad(to_hex(n), 12, '0'))::uuid, id,
  CASE WHEN n < %(micros)s THEN 'grid_worker' WHEN n < %(micros)s + %(grids)s THEN 'grid_head'
    ELSE 'grid_helper' END,
  CASE WHEN n BETWEEN %(micros)s AND %(micros)s + %(grids)s - 1
    THEN ('00000000-0000-7000-8100-' || lpad(to_hex(n - %(micros)s), 12, '0'))::uuid
    ELSE ('00000000-0000-7000-8200-' || lpad(to_hex(n %% %(micros)s), 12, '0'))::uuid END, %(on)s
FROM who
"""
_PHONE = "19900000000"  # one invented number for all: a drill goes to the sink


def seed(code: str, share: float, at: datetime) -> Place:
    """Make the city, or the district, of a code, `share` of a city of 8.5 million homes; nothing if it is there."""
    from shanzhi.base.rows.encryption import encrypt

    found = Place.objects.filter(code=code).first()
    if found is not None and Account.objects.filter(username="p0").exists():
        return found
    on = localdate(at) - timedelta(days=365)
    people.load_post_kinds(settings.PACKS / "base" / "posts.yaml", actor=SYSTEM, at=at)
    places.import_divisions(divisions_of(code), on=on, actor=SYSTEM, at=at)
    place = Place.objects.get(code=code)
    given = _sizes(share, on) | {"at": at, "address": encrypt(_PHONE)}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_COMMUNITIES)
        cursor.execute("SELECT count(*) FROM drill_community")
        given["communities"] = cursor.fetchone()[0]
        # Never fewer grids than communities, nor fewer micro-grids than grids.
        given["grids"] = max(given["grids"], given["communities"])
        given["micros"] = max(given["micros"], given["grids"])
        given["people"] = max(given["people"], given["micros"])
        given["homes"] = given["micros"] * (HOMES // MICROGRIDS)
        cursor.execute(_GRIDS, given | {"count": given["grids"]})
        cursor.execute(_MICROS, given | {"count": given["micros"]})
        for sql in (_VERSIONS, _CLOSURE, _CLOSURE_MICRO, _HOMES, _PEOPLE):
            cursor.execute(sql, given)
    add_commanders(place, at)
    return place


def add_commanders(place: Place, at: datetime) -> None:
    """Who proposes and who approves in a drill: two invented people at its place."""
    for username, name, post in (
        ("drill_lead", "演练拟制人", "shift_lead"),
        ("drill_boss", "演练指挥", "commander"),
    ):
        people.enrol(
            [people.Enrolment(username, name, post, place.id, None)],
            "Drill-2026-drill", from_on=localdate(at) - timedelta(days=1), actor=SYSTEM, at=at,
        )  # fmt: skip


def load_plans(place: Place, at: datetime) -> None:
    """The plans of the packs, the stores and kinds they speak of; what is there already stays."""
    from shanzhi.command.plans import packs as plans
    from shanzhi.work.catalogue import actions as catalogue
    from shanzhi.work.catalogue.models import Kind

    if not Kind.objects.exists():
        catalogue.load_pack(settings.PACKS / "base" / "kinds.yaml", SYSTEM, at, effective_on=localdate(at))
    plans.load_all(place, actor=SYSTEM, at=at)


def _sizes(share: float, on: date) -> dict[str, object]:
    return {
        "on": on, "micros": round(MICROGRIDS * share), "grids": round(GRIDS * share),
        "people": round(WORKERS * share),
    }  # fmt: skip
