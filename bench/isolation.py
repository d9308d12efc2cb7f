"""How fast missed check-ins climb (漏报升级): a whole city's isolations silent at once.

    DATABASE_URL=<owner's URL of a scratch database> python bench/isolation.py [--people 100000]

Makes a test database with that many invented people in 300 communities, then prints how long it takes to make the
check-ins of a day, to take each rung of the ladder for all of them, to count for the desk, and to end them with their
response. Beside it, as the peer, the same rung one person at a time for a sample (lock, update, insert), in rows a
second.

Measured on 2 cores of an otherwise idle, slow machine with 100,000 people, 28 November 2026:

| | seconds | people a second |
|---|---|---|
| check-ins of two days, 300,000 | 15.0 | 6,670 |
| reminder; worker; duty officer, each for all | 7.4; 9.1; 8.9 | 13,507; 10,995; 11,077 |
| peer: a rung one by one, 1,000 people | 3.7 | 269 (in sets 41 times as fast) |
| the desk's counts; its places; a page of who has missed | 1.9; 0.5; 1.6 | |
| the end with the response, for all | 24.0 | 4,172 |

While other work of lower priority kept six to seven processes runnable, in sets was 116 times as fast.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

sys.path.pop(0)  # this folder holds a module called http
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shanzhi.edge.settings")

import django

django.setup()

from django.db import connection, transaction  # noqa: E402

from shanzhi.base.access import SYSTEM  # noqa: E402
from shanzhi.base.rows.encryption import encrypt  # noqa: E402
from shanzhi.city.modes.models import Activation  # noqa: E402
from shanzhi.city.places.models import Place, PlaceClosure, PlaceVersion  # noqa: E402
from shanzhi.core.kit.ids import uuid7  # noqa: E402
from shanzhi.scenes.isolation import climbing, ending, lists, slots  # noqa: E402
from shanzhi.scenes.isolation.models import Isolation, Rung, Slot  # noqa: E402

AT = datetime(2026, 3, 9, 2, tzinfo=UTC)
DAY = date(2026, 3, 9)
SAMPLE = 1000
_PEOPLE = """
INSERT INTO isolation_isolation (id, area, number, place_id, activation_id, edition, is_voluntary, is_drill, basis,
  document, state, name, phone, phone_digest, may_message, begun_on, release_on, monitored_until_on, begun_by,
  begun_at, signed_by, content_hash)
SELECT gen_random_uuid(), '900101', 'GL900101' || lpad(n::text, 12, '0'), (%(places)s::uuid[])[1 + n %% %(count)s],
  %(activation)s, 'city', FALSE, FALSE, '示例', '示例', 'isolating', %(name)s, %(name)s, '', FALSE, %(day)s,
  %(day)s + 5, %(day)s + 8, '示例', %(at)s, '', ''::bytea
FROM generate_series(1, %(people)s) n
"""


def timed(what: str, people: int, work: Callable[[], Any]) -> float:
    """Run it once; print how long it took."""
    begun = time.perf_counter()
    done = work()
    took = time.perf_counter() - begun
    print(f"{what:<46} {took:8.2f} s {people / took:12,.0f} people/s   {done}")
    return took


def city(people: int) -> UUID:
    """Communities and people in them, under one response."""
    found = Place.objects.bulk_create(
        Place(
            level="community", code=f"9001010{n:05d}", name=f"示例 {n}", pinyin=f"shi li {n}", area="900101",
            opened_on=date(2025, 1, 1),
        )
        for n in range(300)
    )  # fmt: skip
    PlaceClosure.objects.bulk_create(
        PlaceClosure(ancestor=one, descendant=one, depth=0, from_on=one.opened_on) for one in found
    )
    PlaceVersion.objects.bulk_create(
        PlaceVersion(place=one, code=one.code, name=one.name, pinyin=one.pinyin, from_on=one.opened_on)
        for one in found
    )
    activation = Activation.objects.create(
        number="XY-BENCH", plan="epidemic", plan_version=1, hazard="epidemic", title="示例", level=1, state="live",
        place_ids=[one.id for one in found], is_compulsory=True, basis="示例", document="示例", content={},
        proposed_by_id=uuid7(), proposed_by="示例", proposed_at=AT, live_at=AT, last_on=DAY + timedelta(days=14),
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(
            _PEOPLE,
            {
                "places": [one.id for one in found], "count": len(found), "activation": activation.id, "day": DAY,
                "name": encrypt("示例"), "at": AT, "people": people,
            },
        )  # fmt: skip
        cursor.execute("ANALYZE")
    return activation.id


def climb_all(now: datetime) -> int:
    """One rung for everybody who is silent."""
    taken = 0
    while done := climbing.climb(now):
        taken += done
    return taken


def one_by_one(now: datetime) -> int:
    """The peer: a rung, one person at a time."""
    for slot_id in list(
        Slot.objects.filter(state="open", next_at__lte=now).values_list("id", flat=True)[:SAMPLE]
    ):
        with transaction.atomic():
            slot = Slot.objects.select_for_update().get(id=slot_id)
            slot.rung, slot.next_at = slot.rung + 1, None
            slot.save(update_fields=["rung", "next_at"])
            Rung.objects.create(
                area=slot.area, isolation_id=slot.isolation_id, slot=slot, kind="duty", at=now
            )
    return SAMPLE


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, default=100_000)
    people = parser.parse_args().people
    name = connection.creation.create_test_db(verbosity=0, autoclobber=True)
    try:
        activation = city(people)
        print(f"{people:,} people isolated at home, none of whom answers\n")
        timed("check-ins of today and tomorrow", people, lambda: slots.make(AT))
        due = AT.replace(hour=12)
        timed("reminder, for all", people, lambda: climb_all(due - timedelta(minutes=30)))
        timed("worker, for all", people, lambda: climb_all(due))
        peer = timed("peer: the same, one by one", SAMPLE, lambda: one_by_one(due + timedelta(minutes=10)))
        took = timed(
            "duty officer, for all others", people - SAMPLE, lambda: climb_all(due + timedelta(minutes=10))
        )
        print(f"\nin sets / one by one: {(people - SAMPLE) / took / (SAMPLE / peer):.1f} times as fast\n")
        timed(
            "the desk's counts", people, lambda: lists.counts(SYSTEM, due + timedelta(minutes=11))["missed"]
        )
        timed("the desk's places", people, lambda: len(lists.by_place(SYSTEM, due + timedelta(minutes=11))))
        timed("the first page of who has missed", people, lambda: len(lists.people(SYSTEM, due, "missed")[0]))
        timed(
            "end with the response, for all", people, lambda: ending.end_activation(activation, SYSTEM, due)
        )
        assert not Isolation.objects.filter(state="isolating").exists()
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)


if __name__ == "__main__":
    main()
