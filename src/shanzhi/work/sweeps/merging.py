"""Which of a door's visits holds (合并规则): the same whatever the order in which they came. Pure.

Of all visits of a door in a turn those are put aside whose result yields to that of another one. Of the rest the one
that happened last holds; of two at one instant, the one whose result stands later in the pack; of two alike, the one
with the greater id.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from shanzhi.work.sweeps.packs import Rule

Seen = tuple[int, datetime, UUID]  # result, happened_at, id


def winner(visits: Sequence[Seen], rule: Rule) -> Seen:
    """The visit that holds. Raises ValueError when there is none."""
    there = {result for result, _, _ in visits}
    standing = [one for one in visits if not rule.yields[one[0]] & there]
    # Results that yield to each other would leave none: then nothing yields.
    return max(standing or visits, key=lambda one: (one[1], rule.rank[one[0]], one[2]))
