"""How long it takes to freeze an audience (接收人快照): a whole city's workers over the dated tree.

    DATABASE_URL=<owner's URL of a scratch database> python bench/snapshot.py [--people 149000]

Makes a test database with a city in it: 20 districts, 261 streets, 3,044 communities, 13,000 grids, 126,000
micro-grids with their dated closure, and a worker in each micro-grid and grid. Prints the best of three for the
preview, the snapshot, the whole of issuing, the roll-up by place and the list of the silent; beside it the same rows
through the ORM (read posts of the places below, build rows, bulk_create).
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

sys.path.pop(0)  # this folder holds a module called http
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shanzhi.edge.settings")

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.db.models import Q  # noqa: E402

from shanzhi.base.access import SYSTEM  # noqa: E402
from shanzhi.city.people import actions as people  # noqa: E402
from shanzhi.city.people.models import Account, Post  # noqa: E402
from shanzhi.city.people.queries import actor_for_account  # noqa: E402
from shanzhi.city.places.models import Place, PlaceClosure  # noqa: E402
from shanzhi.work.orders import actions, audience, queries, rollup  # noqa: E402
from shanzhi.work.orders.audience import Audience  # noqa: E402
from shanzhi.work.orders.drafting import Draft  # noqa: E402
from shanzhi.work.orders.models import Order, Recipient  # noqa: E402

AT = datetime(2026, 3, 9, 2, tzinfo=UTC)
DAY, OPENED = date(2026, 3, 9), date(2025, 1, 1)
LEVELS = [
    ("city", 1),
    ("county", 20),
    ("street", 261),
    ("community", 3044),
    ("grid", 13_000),
    ("microgrid", 126_000),
]

_PLACES = """
INSERT INTO places_place (id, level, code, name, pinyin, area, urban_rural_class, approximate, opened_on)
SELECT ('00000000-0000-7000-8000-' || lpad(to_hex(%(base)s + n), 12, '0'))::uuid, %(level)s,
  '9' || lpad((%(base)s + n)::text, 17, '0'), %(level)s || n, %(level)s || n,
  CASE WHEN %(rank)s = 0 THEN '' ELSE (900101 + (n * 20 / %(count)s))::text END, '', FALSE, %(opened)s
FROM generate_series(0, %(count)s - 1) n
"""
_VERSIONS = """
INSERT INTO places_placeversion (place_id, code, name, pinyin, from_on)
SELECT id, code, name, pinyin, opened_on FROM places_place
"""
_SELVES = """
INSERT INTO places_placeclosure (ancestor_id, descendant_id, depth, from_on)
SELECT id, id, 0, opened_on FROM places_place
"""
# The parent of the nth of `count` is the (n * above / count)th of the level above.
_ABOVE = """
INSERT INTO places_placeclosure (ancestor_id, descendant_id, depth, from_on)
SELECT k.ancestor_id, ('00000000-0000-7000-8000-' || lpad(to_hex(%(base)s + n), 12, '0'))::uuid,
  k.depth + 1, %(opened)s
FROM generate_series(0, %(count)s - 1) n
JOIN places_placeclosure k ON k.descendant_id =
  ('00000000-0000-7000-8000-' || lpad(to_hex(%(above_base)s + (n::bigint * %(above)s / %(count)s)), 12, '0'))::uuid
"""
_PEOPLE = """
WITH spots AS (
  SELECT id, row_number() OVER (ORDER BY level DESC, code) AS n FROM places_place
  WHERE level IN ('grid', 'microgrid')
), who AS (
  SELECT n, ('00000000-0000-7000-9000-' || lpad(to_hex(n), 12, '0'))::uuid AS id FROM generate_series(1, %(people)s) n
), made AS (
  INSERT INTO people_account (id, password, username, display_name, is_active, created_at, password_changed_at)
  SELECT id, '!', 'p' || n, '示例' || n, TRUE, %(at)s, %(at)s FROM who
)
INSERT INTO people_post (id, account_id, kind_id, place_id, from_on)
SELECT ('00000000-0000-7000-a000-' || lpad(to_hex(who.n), 12, '0'))::uuid, who.id, 'grid_worker', spots.id, %(opened)s
FROM who JOIN spots ON spots.n = 1 + who.n %% (SELECT count(*) FROM spots)
"""


def seed(wanted: int) -> None:
    """The tree and the people."""
    people.load_post_kinds(settings.PACKS / "base" / "posts.yaml", actor=SYSTEM, at=AT)
    with transaction.atomic(), connection.cursor() as cursor:
        base = 0
        above_base, above = 0, 0
        for rank, (level, count) in enumerate(LEVELS):
            given = {
                "base": base, "level": level, "rank": rank, "count": count, "opened": OPENED,
                "above_base": above_base, "above": above,
            }  # fmt: skip
            cursor.execute(_PLACES, given)
            above_base, above, base = base, count, base + count
        cursor.execute(_VERSIONS)
        cursor.execute(_SELVES)
        base = above_base = above = 0
        for level, count in LEVELS:
            given = {"base": base, "count": count, "opened": OPENED, "above_base": above_base, "above": above}
            if above:
                cursor.execute(_ABOVE, given)
            assert level
            above_base, above, base = base, count, base + count
        cursor.execute(_PEOPLE, {"people": wanted, "at": AT, "opened": OPENED})
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


class _Undo(Exception):
    """Take it back, so that it can be done again."""


def best_of_three(doing: Callable[[], object], *, undo: bool = True) -> float:
    """Seconds, what it wrote taken back outside the measurement."""
    spent = []
    for _ in range(3):
        try:
            with transaction.atomic():
                begun = time.perf_counter()
                doing()
                spent.append(time.perf_counter() - begun)
                if undo:
                    raise _Undo
        except _Undo:
            pass
    return min(spent)


def through_the_orm(order: Order, root: Place) -> int:
    """The same rows as a program writes them that keeps everything in objects."""
    live = Q(to_on=None) | Q(to_on__gt=DAY)
    below = PlaceClosure.objects.filter(live, ancestor=root, from_on__lte=DAY).values("descendant_id")
    posts = (
        Post.objects.filter(
            live, from_on__lte=DAY, kind_id="grid_worker", place_id__in=below, account__is_active=True
        )
        .select_related("place")
        .order_by("account_id", "id")
    )
    seen: dict[UUID, Post] = {}
    for post in posts.iterator(5000):
        seen.setdefault(post.account_id, post)
    Recipient.objects.bulk_create(
        [
            Recipient(
                area=post.place.area,
                order_id=order.id,
                account_id=account,
                post_id=post.id,
                place_id=post.place_id,
            )
            for account, post in seen.items()
        ],
        batch_size=5000,
    )
    return len(seen)


def main() -> None:
    """Seed, measure, print."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--people", type=int, default=149_000)
    given = asked.parse_args()
    connection.creation.create_test_db(verbosity=0, autoclobber=True)
    try:
        measure(given.people)
    finally:
        connection.creation.destroy_test_db(settings.DATABASES["default"]["NAME"], verbosity=0)


def measure(wanted: int) -> None:
    """One table."""
    begun = time.perf_counter()
    seed(wanted)
    print(f"{wanted:,} people, {Place.objects.count():,} places, {PlaceClosure.objects.count():,} lines of the tree, "
          f"made in {time.perf_counter() - begun:.0f} s")  # fmt: skip
    root = Place.objects.get(level="city")
    for name, post in (("lead", "shift_lead"), ("boss", "commander")):
        people.enrol(
            [people.Enrolment(name, name, post, root.id, None)],
            "Bench-2026",
            from_on=OPENED,
            actor=SYSTEM,
            at=AT,
        )
    lead, boss = (
        actor_for_account(Account.objects.get(username=name).id, "desk", DAY) for name in ("lead", "boss")
    )
    assert lead is not None and boss is not None
    draft = Draft(
        title="全市集合", sentence="今晚 20:00 前到岗。", place_ids=[root.id], post_kinds=["grid_worker"],
        until_at=AT + timedelta(hours=3), ladder="app_only",
    )  # fmt: skip
    order = actions.create(draft, actor=lead, at=AT)
    actions.perform(order.id, "propose", actor=lead, at=AT)
    whom = Audience([root.id], ["grid_worker"])
    preview = best_of_three(lambda: audience.preview(whom, DAY))
    frozen = best_of_three(lambda: audience.snapshot(order.id, whom, DAY))
    peer = best_of_three(lambda: through_the_orm(order, root))
    issue = best_of_three(lambda: actions.perform(order.id, "confirm", actor=boss, at=AT))
    actions.perform(order.id, "confirm", actor=boss, at=AT)
    assert Recipient.objects.filter(order=order).count() == wanted
    rolled = best_of_three(lambda: rollup.roll_up(AT))
    rollup.roll_up(AT)
    order.refresh_from_db()
    board = best_of_three(lambda: (queries.numbers(order, None), queries.by_place(order, root.id, None)))
    silent = best_of_three(lambda: queries.people(order, "silent", None, None))
    for name, seconds in (
        ("preview (people and households)", preview), ("snapshot, one statement", frozen),
        ("the same rows through the ORM", peer), ("issuing, all of it", issue), ("roll-up of every place", rolled),
        ("board: numbers and the districts", board), ("first 200 of the silent", silent),
    ):  # fmt: skip
        print(f"{name:36} {seconds:8.3f} s")
    print(f"snapshot beside the ORM: {peer / frozen:.1f} x")


if __name__ == "__main__":
    main()
