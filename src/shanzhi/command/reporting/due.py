"""The clocks of reports (报送时限): what is due next for each response, as rows that warn and turn red.

`ensure` compares the clocks that run with those that should: it may be called at any time and any number of times.
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from shanzhi.base.clocks import actions as clocks
from shanzhi.base.clocks import queries as clock_queries
from shanzhi.base.clocks.models import Clock
from shanzhi.city.modes import queries as modes
from shanzhi.city.modes.flow import ENDED, LIVE, STANDING_DOWN
from shanzhi.city.modes.models import Activation
from shanzhi.command.reporting import packs
from shanzhi.command.reporting.flow import FIRST, FOLLOW, SENT
from shanzhi.command.reporting.models import UpwardReport

PREFIX = "report-"


def area_of(activation: Activation) -> str:
    """The area under which the clocks of a response stand."""
    return modes.areas_of(activation.place_ids)[0]


def wanted(activation: Activation) -> dict[str, tuple[datetime, datetime]]:
    """What should run: kind -> due and warning."""
    sent = last_sent(activation.id)
    found = {}
    for rule in packs.scheme_of(activation.hazard).reports:
        begun = activation.live_at if rule.after == "live" else activation.ended_at
        runs = (
            activation.state == LIVE if rule.after == "live" else activation.state in {STANDING_DOWN, ENDED}
        )
        if not runs or begun is None:
            continue
        last = sent.get(rule.kind)
        if rule.kind == FOLLOW:  # the first report is what the first follow-up follows
            last = max((one for one in (last, sent.get(FIRST)) if one), default=None)
        due = rule.due_after(activation.level, begun, last)
        if due is not None:
            found[rule.kind] = (due, due - timedelta(minutes=rule.warn_minutes))
    return found


def last_sent(activation_id: UUID) -> dict[str, datetime]:
    """When each kind was sent last."""
    rows = UpwardReport.objects.filter(activation_id=activation_id, state=SENT, version=1).order_by("sent_at")
    return {kind: at for kind, at in rows.values_list("kind", "sent_at")}


def standing(activation: Activation) -> dict[str, Clock]:
    """The clocks that run, by kind."""
    found = clock_queries.standing(area_of(activation), [activation.id]).get(activation.id, {})
    return {name.removeprefix(PREFIX): clock for name, clock in found.items() if name.startswith(PREFIX)}


def ensure(activation_id: UUID, at: datetime) -> int:
    """Start and stop clocks so that they are those that should run; how many changed."""
    with transaction.atomic():
        activation = Activation.objects.select_for_update().get(id=activation_id)
        should, there, area = wanted(activation), standing(activation), area_of(activation)
        over = [
            kind for kind, clock in there.items() if kind not in should or clock.due_at != should[kind][0]
        ]
        fresh = [kind for kind in should if kind not in there or kind in over]
        clocks.fire_these(area, [there[kind].id for kind in over], at)
        clocks.stop([clocks.Turn(area, activation_id, PREFIX + kind, at) for kind in over])
        clocks.start([clocks.Turn(area, activation_id, PREFIX + kind, at, *should[kind]) for kind in fresh])
    return len(over) + len(fresh)


def ensure_all(at: datetime) -> int:
    """The same for every response that is live or standing down."""
    rows = Activation.objects.filter(state__in=[LIVE, STANDING_DOWN]).values_list("id", flat=True)
    return sum(ensure(activation_id, at) for activation_id in rows)
