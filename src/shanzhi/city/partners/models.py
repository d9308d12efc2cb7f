"""Tables of partner organisations. All grow by area."""

from django.db import models
from django.db.models import F, Q

from shanzhi.base.rows import CodeField, GrowingRow
from shanzhi.base.rows.encryption import EncryptedField
from shanzhi.city.partners.flow import ACTIVE, AGREEMENT, IN_FORCE, OPEN, PARTNERSHIP, TASK
from shanzhi.city.places.models import Place
from shanzhi.core.flow import Flow


def _states(flow: Flow) -> list[tuple[str, str]]:
    return [(state.code, f"{state.zh} {state.en}") for state in flow.states]


class Partner(GrowingRow):
    """An organisation that works with a place (共建单位): a district, a community, a grid or any other node.

    Personal data (个人信息, ordinary class), for one purpose, to reach the organisation: name and telephone of whom
    it named; the telephone is kept encrypted. Lifetime: both are erased when the partnership ends.
    """

    place = models.ForeignKey(Place, on_delete=models.PROTECT, related_name="+", db_index=False)
    name = models.CharField(max_length=120)
    kind = CodeField(max_length=20)
    contact_name = models.CharField(max_length=60, blank=True, default="")
    contact_phone = EncryptedField(null=True)
    note = models.CharField(max_length=200, blank=True, default="")
    state = CodeField(max_length=12, choices=_states(PARTNERSHIP), default=ACTIVE)
    since_on = models.DateField()
    added_by = models.CharField(max_length=60)
    added_at = models.DateTimeField()

    class Meta:
        ordering = ["name", "id"]
        indexes = [models.Index(fields=["place", "state"], name="partners_partner_place")]
        constraints = [
            models.UniqueConstraint(
                fields=["area", "place", "name"], condition=Q(state=ACTIVE), name="partners_partner_once"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Agreement(GrowingRow):
    """What was agreed (共建协议): from a day, to its last day, or for as long as the partnership lasts."""

    partner = models.ForeignKey(
        Partner, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="agreements"
    )
    title = models.CharField(max_length=120)
    content = models.CharField(max_length=1000)
    from_on = models.DateField()
    last_on = models.DateField(null=True)
    state = CodeField(max_length=12, choices=_states(AGREEMENT), default=IN_FORCE)
    made_by = models.CharField(max_length=60)
    made_at = models.DateTimeField()

    class Meta:
        ordering = ["-from_on", "-id"]
        indexes = [models.Index(fields=["area", "partner"], name="partners_agreement_partner")]
        constraints = [
            models.CheckConstraint(
                condition=Q(last_on=None) | Q(last_on__gte=F("from_on")), name="partners_agreement_span"
            ),
        ]

    def __str__(self) -> str:
        return self.title


class Task(GrowingRow):
    """What a partner took on (共建任务), under an agreement or without one, to be done by the end of a day."""

    partner = models.ForeignKey(
        Partner, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="tasks"
    )
    agreement = models.ForeignKey(
        Agreement, on_delete=models.PROTECT, null=True, db_constraint=False, db_index=False, related_name="+"
    )
    what = models.CharField(max_length=200)
    due_on = models.DateField()
    state = CodeField(max_length=12, choices=_states(TASK), default=OPEN)
    result = models.CharField(max_length=300, blank=True, default="")
    done_on = models.DateField(null=True)
    set_by = models.CharField(max_length=60)
    set_at = models.DateTimeField()

    class Meta:
        ordering = ["due_on", "id"]
        indexes = [models.Index(fields=["area", "partner", "state"], name="partners_task_partner")]

    def __str__(self) -> str:
        return self.what


class PartnerEvent(GrowingRow):
    """What happened with a partner, an agreement or a task (共建记录); appended, never changed.

    `what` is partner, agreement or task, `subject_id` that row. `said` is the reason or the result as it was given.
    """

    partner = models.ForeignKey(
        Partner, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="events"
    )
    what = CodeField(max_length=12)
    subject_id = models.UUIDField()
    verb = CodeField(max_length=12)
    from_state = CodeField(max_length=12, blank=True, default="")
    to_state = CodeField(max_length=12)
    actor_id = models.UUIDField(null=True)
    actor_name = models.CharField(max_length=60)
    said = models.CharField(max_length=300, blank=True, default="")
    at = models.DateTimeField()

    class Meta:
        ordering = ["at", "id"]
        indexes = [models.Index(fields=["area", "partner", "at"], name="partners_event_partner")]

    def __str__(self) -> str:
        return f"{self.what} {self.verb}"
