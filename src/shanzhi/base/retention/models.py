"""Tables of retention. Runs and holds are few and serve every area: reference tables."""

from django.db import models
from django.db.models import F, Q

from shanzhi.base.retention.flow import DESTRUCTION, PLANNED
from shanzhi.base.rows import CodeField
from shanzhi.core.kit.ids import uuid7

_STATES = [(state.code, f"{state.zh} {state.en}") for state in DESTRUCTION.states]


class RunScope(models.TextChoices):
    """What a run destroys."""

    ACTIVATION = "activation", "一次响应 One response"
    AGE = "age", "到期信息 What is too old"


class LineState(models.TextChoices):
    """Where one holding of a run stands."""

    WAITING = "waiting", "待销毁 Waiting"
    HELD = "held", "封存中 On hold"
    DONE = "done", "已销毁 Destroyed"


class DestructionRun(models.Model):
    """A destruction of personal data (销毁): of one response, or of what is older than it may be.

    `subject` and `title` are number and title of the response. `due_on` is the day before which nothing goes.
    `rule` names the standing rule that stands for the signatures of an everyday run. Done, it is its own
    certificate: `digest` is over all that the certificate says, and stands in its sealed last event.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    number = CodeField(max_length=24, unique=True)
    scope = CodeField(max_length=12, choices=RunScope.choices)
    activation_id = models.UUIDField(null=True)
    subject = CodeField(max_length=24, blank=True, default="")
    title = models.CharField(max_length=80)
    basis = models.CharField(max_length=300)
    state = CodeField(max_length=12, choices=_STATES, default=PLANNED)
    due_on = models.DateField()
    rule = CodeField(max_length=32, blank=True, default="")
    planned_by_id = models.UUIDField(null=True)
    planned_by = models.CharField(max_length=60)
    planned_at = models.DateTimeField()
    counted_at = models.DateTimeField(null=True)
    first_signer_id = models.UUIDField(null=True)
    first_signer = models.CharField(max_length=60, blank=True, default="")
    first_role = CodeField(max_length=12, blank=True, default="")
    first_signed_at = models.DateTimeField(null=True)
    second_signer_id = models.UUIDField(null=True)
    second_signer = models.CharField(max_length=60, blank=True, default="")
    second_role = CodeField(max_length=12, blank=True, default="")
    second_signed_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    digest = CodeField(max_length=64, blank=True, default="")

    class Meta:
        ordering = ["-planned_at", "-id"]
        indexes = [models.Index(fields=["state"], name="retention_run_state")]
        constraints = [
            models.UniqueConstraint(
                fields=["activation_id"],
                condition=Q(activation_id__isnull=False) & ~Q(state="dropped"),
                name="retention_run_activation",
            ),
            models.CheckConstraint(
                condition=Q(scope="activation", activation_id__isnull=False)
                | Q(scope="age", activation_id__isnull=True),
                name="retention_run_scope",
            ),
            models.CheckConstraint(
                condition=Q(second_signer_id=None) | ~Q(second_signer_id=F("first_signer_id")),
                name="retention_run_two_people",
            ),
        ]

    def __str__(self) -> str:
        return self.number


class DestructionLine(models.Model):
    """One holding in a run (销毁明细): what there was, what went, what remained. The words are copies."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    run = models.ForeignKey(DestructionRun, on_delete=models.PROTECT, related_name="lines", db_index=False)
    position = models.PositiveSmallIntegerField()
    holding = CodeField(max_length=40)
    zh = models.CharField(max_length=80)
    en = models.CharField(max_length=120)
    data_class = CodeField(max_length=12)
    days = models.PositiveIntegerField(null=True)
    before = models.DateTimeField(null=True)
    state = CodeField(max_length=8, choices=LineState.choices, default=LineState.WAITING)
    counted = models.PositiveBigIntegerField(null=True)
    destroyed = models.PositiveBigIntegerField(null=True)
    remained = models.PositiveBigIntegerField(null=True)
    digest = CodeField(max_length=64, blank=True, default="")
    done_at = models.DateTimeField(null=True)
    hold_id = models.UUIDField(null=True)

    class Meta:
        ordering = ["run", "position"]
        constraints = [
            models.UniqueConstraint(fields=["run", "position"], name="retention_line_position"),
            models.UniqueConstraint(fields=["run", "holding"], name="retention_line_holding"),
        ]


class LegalHold(models.Model):
    """Nothing of this may be destroyed until somebody else lifts it (法律封存): of a response, of a holding, or both.

    `document` is the paper that demands it. It ends by itself after `until_on` where that is given.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    activation_id = models.UUIDField(null=True)
    subject = CodeField(max_length=24, blank=True, default="")
    holding = CodeField(max_length=40, blank=True, default="")
    reason = models.CharField(max_length=300)
    document = models.CharField(max_length=80)
    until_on = models.DateField(null=True)
    placed_by_id = models.UUIDField()
    placed_by = models.CharField(max_length=60)
    placed_at = models.DateTimeField()
    lifted_by_id = models.UUIDField(null=True)
    lifted_by = models.CharField(max_length=60, blank=True, default="")
    lifted_at = models.DateTimeField(null=True)
    lift_reason = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        ordering = ["-placed_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(activation_id__isnull=False) | ~Q(holding=""), name="retention_hold_of_something"
            ),
            models.CheckConstraint(
                condition=Q(lifted_by_id=None) | ~Q(lifted_by_id=F("placed_by_id")),
                name="retention_hold_two_people",
            ),
        ]


class RetentionEvent(models.Model):
    """What was done to a run or a hold (留存记录); appended, never changed, sealed.

    `holding`, `rows`, `remained` and `digest` are those of a line that was destroyed.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    run = models.ForeignKey(
        DestructionRun, on_delete=models.PROTECT, null=True, related_name="events", db_index=False
    )
    hold = models.ForeignKey(
        LegalHold, on_delete=models.PROTECT, null=True, related_name="events", db_index=False
    )
    verb = CodeField(max_length=16)
    from_state = CodeField(max_length=12, blank=True, default="")
    to_state = CodeField(max_length=12, blank=True, default="")
    actor_id = models.UUIDField(null=True)
    actor_name = models.CharField(max_length=60)
    role = CodeField(max_length=12, blank=True, default="")
    reason = models.CharField(max_length=300, blank=True, default="")
    holding = CodeField(max_length=40, blank=True, default="")
    counted = models.PositiveBigIntegerField(null=True)
    rows = models.PositiveBigIntegerField(null=True)
    remained = models.PositiveBigIntegerField(null=True)
    digest = CodeField(max_length=64, blank=True, default="")
    at = models.DateTimeField()

    class Meta:
        ordering = ["at", "id"]
        indexes = [
            models.Index(fields=["run", "at"], name="retention_event_run"),
            models.Index(fields=["hold"], name="retention_event_hold", condition=Q(hold__isnull=False)),
        ]
