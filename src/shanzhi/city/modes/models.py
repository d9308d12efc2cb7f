"""Tables of modes. Activations are few and serve every area: reference tables."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q

from shanzhi.base.rows import CodeField
from shanzhi.city.modes.flow import PROPOSED, RESPONSE
from shanzhi.core.kit.ids import uuid7

_STATES = [(state.code, f"{state.zh} {state.en}") for state in RESPONSE.states]


class Activation(models.Model):
    """A response (响应): a plan switched on at a level for some places, from a moment, on a basis, with an end.

    `plan`, `plan_version` and `level` name what is live; `content` is the level as it was approved. A compulsory one
    (confines people, or collects about them) has `basis`, `document` and `last_on`, its hard last day. `renewed_by`
    is the second authority of the newest renewal. Level 1 is the gravest (I 级).
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    number = CodeField(max_length=24, unique=True)
    plan = CodeField(max_length=32)
    plan_version = models.PositiveIntegerField()
    hazard = CodeField(max_length=32)
    title = models.CharField(max_length=80)
    title_en = models.CharField(max_length=80, blank=True, default="")
    level = models.PositiveSmallIntegerField()
    state = CodeField(max_length=16, choices=_STATES, default=PROPOSED)
    place_ids = ArrayField(models.UUIDField())
    is_drill = models.BooleanField(default=False)
    is_compulsory = models.BooleanField(default=False)
    basis = models.CharField(max_length=200, blank=True, default="")
    document = models.CharField(max_length=80, blank=True, default="")
    why_so_large = models.CharField(max_length=300, blank=True, default="")
    exit_zh = models.CharField(max_length=200, blank=True, default="")
    exit_en = models.CharField(max_length=300, blank=True, default="")
    exit_phone = models.CharField(max_length=40, blank=True, default="")
    content = models.JSONField()
    levels = models.JSONField(default=list)
    proposed_by_id = models.UUIDField()
    proposed_by = models.CharField(max_length=60)
    proposed_at = models.DateTimeField()
    approved_by_id = models.UUIDField(null=True)
    approved_by = models.CharField(max_length=60, blank=True, default="")
    live_at = models.DateTimeField(null=True)
    last_on = models.DateField(null=True)
    limit_on = models.DateField(null=True)
    confined_on = models.DateField(null=True)
    renewed_by_id = models.UUIDField(null=True)
    renewed_by = models.CharField(max_length=60, blank=True, default="")
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-proposed_at", "-id"]
        indexes = [
            models.Index(fields=["state"], name="modes_activation_state"),
            GinIndex(fields=["place_ids"], name="modes_activation_places"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(level__range=(1, 4)), name="modes_activation_level"),
            models.CheckConstraint(
                condition=Q(is_compulsory=False)
                | (~Q(basis="") & ~Q(document="") & Q(last_on__isnull=False)),
                name="modes_activation_basis",
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(ended_at__gte=F("proposed_at")), name="modes_activation_span"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.title}"


class ActivationEvent(models.Model):
    """What was done to a response, by whom and why (响应记录); appended, never changed. `made` is what it did."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    activation = models.ForeignKey(
        Activation, on_delete=models.PROTECT, related_name="events", db_index=False
    )
    verb = CodeField(max_length=16)
    from_state = CodeField(max_length=16, blank=True, default="")
    to_state = CodeField(max_length=16)
    level = models.PositiveSmallIntegerField()
    last_on = models.DateField(null=True)
    actor_id = models.UUIDField(null=True)
    actor_name = models.CharField(max_length=60)
    reason = models.CharField(max_length=300, blank=True, default="")
    document = models.CharField(max_length=80, blank=True, default="")
    made = models.JSONField(default=list)
    at = models.DateTimeField()

    class Meta:
        ordering = ["at", "id"]
        indexes = [models.Index(fields=["activation", "at"], name="modes_event_activation")]
