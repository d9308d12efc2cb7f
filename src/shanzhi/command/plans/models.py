"""Tables of plans. Plans, versions and notices are few: reference tables. Objections grow with the city."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q

from shanzhi.base.rows import CodeField, GrowingRow
from shanzhi.base.rows.encryption import EncryptedField
from shanzhi.city.places.models import Place
from shanzhi.command.plans.flow import DRAFT, IN_FORCE, IN_REVIEW, OBJECTION, OUTCOMES, RECEIVED, VERSION
from shanzhi.core.kit.ids import uuid7

_STATES = [(state.code, f"{state.zh} {state.en}") for state in VERSION.states]
_OBJECTION_STATES = [(state.code, f"{state.zh} {state.en}") for state in OBJECTION.states]


class Plan(models.Model):
    """A plan (预案) of a place: it is for that place and everything below it. What it says is in its versions."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    code = CodeField(max_length=32, unique=True)
    place = models.ForeignKey(Place, on_delete=models.PROTECT, related_name="+")
    hazard = CodeField(max_length=32)
    zh = models.CharField(max_length=80)
    en = models.CharField(max_length=120)

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return f"{self.code} {self.zh}"


class PlanVersion(models.Model):
    """A version of a plan (预案版本): written by one, reviewed by another. `saves` counts how often it was saved."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="versions", db_index=False)
    number = models.PositiveIntegerField()
    state = CodeField(max_length=12, choices=_STATES, default=DRAFT)
    content = models.JSONField()
    note = models.CharField(max_length=300, blank=True, default="")
    saves = models.PositiveIntegerField(default=1)
    drafted_by_id = models.UUIDField(null=True)
    drafted_by = models.CharField(max_length=60)
    drafted_at = models.DateTimeField()
    writers = ArrayField(models.UUIDField(), default=list)
    reviewed_by = models.CharField(max_length=60, blank=True, default="")
    in_force_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["plan", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["plan", "number"], name="plans_version_number"),
            models.UniqueConstraint(
                fields=["plan"], condition=Q(state=IN_FORCE), name="plans_version_in_force"
            ),
            models.UniqueConstraint(
                fields=["plan"], condition=Q(state__in=[DRAFT, IN_REVIEW]), name="plans_version_open"
            ),
        ]


class PlanEvent(models.Model):
    """What was done to a version of a plan (预案记录); appended, never changed."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    version = models.ForeignKey(PlanVersion, on_delete=models.PROTECT, related_name="events", db_index=False)
    verb = CodeField(max_length=16)
    from_state = CodeField(max_length=12, blank=True, default="")
    to_state = CodeField(max_length=12)
    digest = CodeField(max_length=64)
    actor_id = models.UUIDField(null=True)
    actor_name = models.CharField(max_length=60)
    reason = models.CharField(max_length=300, blank=True, default="")
    at = models.DateTimeField()

    class Meta:
        ordering = ["at", "id"]
        indexes = [models.Index(fields=["version", "at"], name="plans_event_version")]


class Notice(models.Model):
    """A public notice (公告) of a response, in words as they were made known; a change makes a new one.

    `until_on` is the hard last day. `ended_at`: the measures ceased, or `replaced_by` took its place.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    number = CodeField(max_length=32, unique=True)
    activation_id = models.UUIDField(db_index=True)
    code = CodeField(max_length=32)
    place_ids = ArrayField(models.UUIDField())
    is_drill = models.BooleanField(default=False)
    template = models.JSONField()
    title_zh = models.CharField(max_length=160)
    title_en = models.CharField(max_length=240)
    text_zh = models.TextField()
    text_en = models.TextField()
    exit_zh = models.CharField(max_length=200)
    exit_en = models.CharField(max_length=300)
    exit_phone = models.CharField(max_length=40)
    objection_days = models.PositiveSmallIntegerField()
    objection_zh = models.CharField(max_length=200)
    objection_en = models.CharField(max_length=300)
    objection_phone = models.CharField(max_length=40)
    from_at = models.DateTimeField()
    until_on = models.DateField(null=True)
    ended_at = models.DateTimeField(null=True)
    replaced_by = CodeField(max_length=32, blank=True, default="")

    class Meta:
        ordering = ["-from_at", "-id"]
        indexes = [GinIndex(fields=["place_ids"], name="plans_notice_places")]


class Objection(GrowingRow):
    """What a resident has against a measure (异议), and the answer. Who holds number and secret may read it."""

    number = CodeField(max_length=24)
    notice = models.ForeignKey(Notice, on_delete=models.PROTECT, related_name="objections", db_index=False)
    state = CodeField(max_length=12, choices=_OBJECTION_STATES, default=RECEIVED)
    text = EncryptedField(null=True)
    phone = EncryptedField(null=True)
    content_hash = models.BinaryField()
    made_at = models.DateTimeField()
    due_at = models.DateTimeField()
    outcome = CodeField(
        max_length=12, blank=True, default="", choices=[(code, zh) for code, (zh, _) in OUTCOMES.items()]
    )
    answer = EncryptedField(null=True)
    answered_by_id = models.UUIDField(null=True)
    answered_by = models.CharField(max_length=60, blank=True, default="")
    answered_at = models.DateTimeField(null=True)
    erased_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["due_at", "id"]
        indexes = [
            models.Index(fields=["notice", "made_at"], name="plans_objection_notice"),
            models.Index(fields=["state", "due_at"], name="plans_objection_due"),
        ]
        constraints = [models.UniqueConstraint(fields=["area", "number"], name="plans_objection_number")]


class ObjectionEvent(GrowingRow):
    """What was done about an objection (异议记录); appended, never changed, without the words of anybody."""

    objection = models.ForeignKey(
        Objection, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="events"
    )
    verb = CodeField(max_length=12)
    from_state = CodeField(max_length=12, blank=True, default="")
    to_state = CodeField(max_length=12)
    actor_id = models.UUIDField(null=True)
    actor_name = models.CharField(max_length=60)
    at = models.DateTimeField()

    class Meta:
        ordering = ["at", "id"]
        indexes = [models.Index(fields=["area", "objection"], name="plans_objevent_objection")]
