"""The score of a drill (演练得分): its plan's own targets against what receipts and visits tell.

One measure for both: a drill of the command line and a drill response in the live system.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from shanzhi.city.modes.models import Activation
from shanzhi.command.drills.packs import Behaviour, Target
from shanzhi.command.plans import queries as plans
from shanzhi.command.plans.models import Plan
from shanzhi.work.orders.models import Order
from shanzhi.work.sweeps.models import Sweep, Turn

Floats = NDArray[np.float64]
FULL = 100.0


@dataclass(frozen=True)
class Result:
    """A target, the second at which its share was there (None: never within the drill), and its points."""

    target: Target
    reached: float | None
    share_in_time: float
    points: float


@dataclass
class Outcome:
    """What a drill showed. Seconds since issue; inf for never."""

    people: int
    delivered: Floats
    acknowledged: Floats
    doors: Floats
    sent_messages: dict[str, int] = field(default_factory=dict)
    results: list[Result] = field(default_factory=list)

    @property
    def score(self) -> float:
        """Points out of the sum of the weights."""
        return sum(one.points for one in self.results)


def score(target: Target, found: Outcome) -> Result:
    """Full weight when the share is there in time, else in proportion to how much of it was."""
    values = np.sort(getattr(found, target.measure))
    if not len(values):
        return Result(target, None, 0.0, 0.0)
    needed = int(np.ceil(target.share * len(values))) - 1
    reached = float(values[max(needed, 0)])
    in_time = float(np.searchsorted(values, target.seconds, side="right") / len(values))
    points = target.weight * min(1.0, in_time / target.share)
    return Result(target, reached if np.isfinite(reached) else None, in_time, points)


def targets_of(row: Activation, given: Behaviour, *, has_doors: bool) -> list[Target]:
    """The plan's own targets that a drill can measure, of equal weight, adding up to 100."""
    version = plans.version(Plan.objects.get(code=row.plan), row.plan_version)
    named = [one for one in plans.document_of(version).targets if one.code in given.measures]
    # Without a sweep there are no doors to be late at.
    named = [one for one in named if has_doors or given.measures[one.code].measure != "doors"]
    return [
        Target(
            one.code, one.zh, one.en, given.measures[one.code].measure, given.measures[one.code].share,
            one.minutes * 60.0, FULL / len(named),
        )
        for one in named
    ]  # fmt: skip


# Whoever an order was corrected for has the correction to answer.
_PEOPLE = """
SELECT extract(epoch FROM r.delivered_at - o.issued_at)::float8,
  extract(epoch FROM r.acknowledged_at - o.issued_at)::float8
FROM orders_recipient r JOIN orders_order o ON o.id = r.order_id
WHERE o.activation_id = %s AND o.issued_at IS NOT NULL AND o.state NOT IN ('superseded', 'recalled')
  AND r.standing = 'own'
"""
# The first visit to each door, by the second: a city has millions.
_DOORS = """
SELECT ceil(extract(epoch FROM d.at - %(begun)s))::int, count(*) FROM (
  SELECT min(v.happened_at) AS at FROM sweeps_piece p
  JOIN sweeps_visit v ON v.area = p.area AND v.piece_id = p.id AND v.turn = %(turn)s
  WHERE p.sweep_id = %(sweep)s GROUP BY v.area, v.piece_id, v.door
) d GROUP BY 1
"""


def outcome_of(row: Activation, given: Behaviour) -> Outcome:
    """What receipts and visits of a response tell so far, with the score (演练评分)."""
    with connection.cursor() as cursor:
        cursor.execute(_PEOPLE, [row.id])
        rows = cursor.fetchall()
    delivered, acknowledged = (
        np.array([np.inf if one[column] is None else one[column] for one in rows], np.float64)
        for column in (0, 1)
    )
    sweeps = Sweep.objects.filter(activation_id=row.id, issued_at__isnull=False)
    doors = [_doors(one) for one in sweeps.exclude(state__in=["superseded", "recalled"])]
    found = Outcome(len(rows), delivered, acknowledged, joined(doors))
    found.results = [score(one, found) for one in targets_of(row, given, has_doors=bool(doors))]
    return found


def _doors(sweep: Sweep) -> Floats:
    turn = Turn.objects.filter(sweep=sweep).order_by("number").first()
    if turn is None:
        return np.full(sweep.doors or 0, np.inf)
    with connection.cursor() as cursor:
        cursor.execute(_DOORS, {"begun": sweep.issued_at, "turn": turn.number, "sweep": sweep.id})
        rows = cursor.fetchall()
    seconds, counts = (np.array([one[column] for one in rows], np.int64) for column in (0, 1))
    left = max(0, turn.doors - int(counts.sum()))
    return np.concatenate([np.repeat(seconds.astype(np.float64), counts), np.full(left, np.inf)])


def joined(parts: Sequence[Floats]) -> Floats:
    """One array of several."""
    return np.concatenate(parts) if parts else np.zeros(0)


_CURVE = """
SELECT b.kind, width_bucket(b.second::float8, %s::float8[]), count(*)
FROM orders_recipient r, LATERAL (VALUES
  ('delivered', extract(epoch FROM r.delivered_at - %s)), ('acknowledged', extract(epoch FROM r.acknowledged_at - %s))
) AS b (kind, second)
WHERE r.order_id = %s AND r.standing = 'own' AND b.second IS NOT NULL GROUP BY 1, 2
"""


def reached_by(order: Order, seconds: Sequence[int]) -> list[tuple[int, int]]:
    """How many of an order's own people had it, and had acknowledged it, at each of these seconds, which ascend."""
    with connection.cursor() as cursor:
        # Bucket k holds what is at or beyond the kth threshold: at a second everything before the next instant.
        cursor.execute(
            _CURVE, [[second + 1e-6 for second in seconds], order.issued_at, order.issued_at, order.id]
        )
        buckets = {(kind, number): count for kind, number, count in cursor.fetchall()}
    found, had, said = [], 0, 0
    for number in range(len(seconds)):
        had += buckets.get(("delivered", number), 0)
        said += buckets.get(("acknowledged", number), 0)
        found.append((had, said))
    return found
