"""Every read of drills; each begins with a response that the actor may see."""

from datetime import date
from uuid import UUID

from django.db import connection

from shanzhi.base.access import Actor
from shanzhi.city.modes import queries as modes
from shanzhi.city.modes.models import Activation
from shanzhi.command.drills.models import Drill, DrillEvent, DrillScore
from shanzhi.core.kit.errors import NotFound
from shanzhi.work.orders.models import Order

MOST_CURVES = 6
_COUNTS = """
SELECT (
  SELECT count(*) FROM orders_order o JOIN orders_recipient r ON r.order_id = o.id
  JOIN orders_receipt e ON e.area = r.area AND e.recipient_id = r.id
  WHERE o.activation_id = %(activation)s AND e.simulated AND e.answer <> 'delivered'
), (
  SELECT count(*) FROM sweeps_sweep s JOIN sweeps_piece p ON p.sweep_id = s.id
  JOIN sweeps_visit v ON v.area = p.area AND v.piece_id = p.id
  WHERE s.activation_id = %(activation)s AND v.simulated
)
"""


def response(activation_id: UUID, actor: Actor, on: date) -> Activation:
    """A drill response in sight. Raises NotFound, also for one in earnest."""
    found = modes.visible_to(actor, on).filter(id=activation_id, is_drill=True).first()
    if found is None:
        raise NotFound(field="id")
    return found


def drill_of(activation_id: UUID) -> Drill | None:
    """What was chosen for a response in sight; None for nothing yet."""
    return Drill.objects.filter(activation_id=activation_id).first()


def last_choice(drill: Drill) -> DrillEvent | None:
    """Who chose last."""
    return drill.events.order_by("-at", "-id").first()


def scores_of(drill: Drill) -> list[DrillScore]:
    """Its targets, in the order of the plan."""
    return list(drill.scores.order_by("position"))


def simulated(activation_id: UUID) -> tuple[int, int]:
    """How many answers, and how many visits, of a response came from simulated people."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, {"activation": activation_id})
        answered, visited = cursor.fetchone()
    return int(answered), int(visited)


def orders_of(activation_id: UUID) -> list[Order]:
    """The orders that were issued for it, the first before the others."""
    found = Order.objects.filter(activation_id=activation_id, issued_at__isnull=False, people__gt=0)
    return list(found.order_by("issued_at", "id")[:MOST_CURVES])
