"""Tables of cases. A report (上报) is a case in its first state: one matter, one row, from start to end."""

from django.db import models
from django.db.models import Q

from shanzhi.base.rows import CodeField, GrowingRow
from shanzhi.base.rows.encryption import EncryptedField
from shanzhi.core.worktime import Unit
from shanzhi.work.cases.flow import CLOSED_LOOP, OPEN_STATES


class Channel(models.TextChoices):
    """How the matter came in."""

    RESIDENT = "resident", "市民上报 Resident"
    PHONE = "phone", "网格员上报 Grid worker"
    DESK = "desk", "坐席登记 Desk"


class Stage(models.TextChoices):
    """What a photo shows."""

    BEFORE = "before", "处置前 Before"
    AFTER = "after", "处置后 After"
    CHECK = "check", "核查 Check"


_IS_OPEN = Q(state__in=OPEN_STATES)
STATE_CHOICES = [(state.code, state.zh) for state in CLOSED_LOOP.states]


class Case(GrowingRow):
    """One matter to resolve (案件).

    `limit_*` is the limit in force when it was filed: a copy, which later catalogues do not change.
    `due_at` and `warn_at` are those of the
    clock that runs now, for sorting. `content_hash` tells a repeated
    submission from another one under the same id. Purpose of `phone`: to ask back and to tell the result;
    class: personal, encrypted; lifetime: see docs/handbook/retention.md.
    """

    number = CodeField(max_length=20)
    state = CodeField(max_length=16, choices=STATE_CHOICES)
    version = models.PositiveIntegerField(default=1)
    channel = models.CharField(max_length=8, choices=Channel.choices)
    kind = models.ForeignKey("catalogue.Kind", on_delete=models.PROTECT, null=True, related_name="+")
    condition = models.ForeignKey(
        "catalogue.Condition", on_delete=models.PROTECT, null=True, related_name="+"
    )
    place = models.ForeignKey("places.Place", on_delete=models.PROTECT, related_name="+", db_index=False)
    unit = models.ForeignKey(
        "people.Unit", on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    address = models.CharField(max_length=200, blank=True)
    text = models.TextField(max_length=2000, blank=True)
    lon = models.FloatField(null=True)
    lat = models.FloatField(null=True)
    phone = EncryptedField(null=True)
    reporter_id = models.UUIDField(null=True)
    happened_at = models.DateTimeField()
    received_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    warn_at = models.DateTimeField(null=True)
    clock_name = models.CharField(max_length=16, blank=True, default="")
    limit_amount = models.FloatField(null=True)
    limit_unit = models.CharField(
        max_length=16, blank=True, default="", choices=[(u.value, u.value) for u in Unit]
    )
    limit_text = models.CharField(max_length=100, blank=True, default="")
    closed_at = models.DateTimeField(null=True)
    content_hash = models.BinaryField(max_length=32)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["area", "number"], name="cases_case_number"),
            models.CheckConstraint(
                condition=Q(state__in=[state.code for state in CLOSED_LOOP.states]), name="cases_case_state"
            ),
        ]
        indexes = [
            models.Index(fields=["state", "due_at", "id"], name="cases_case_queue", condition=_IS_OPEN),
            models.Index(fields=["due_at", "id"], name="cases_case_open", condition=_IS_OPEN),
            models.Index(
                fields=["place", "due_at", "id"],
                name="cases_case_place",
                condition=_IS_OPEN,
                include=["state"],
            ),
            models.Index(
                fields=["unit", "due_at", "id"], name="cases_case_unit", condition=_IS_OPEN, include=["state"]
            ),
            models.Index(
                fields=["closed_at"], name="cases_case_closed", condition=Q(closed_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return self.number


class CaseEvent(GrowingRow):
    """What happened to a case: appended, sealed, never changed. `public` notes are shown to the resident."""

    case = models.ForeignKey(
        Case, on_delete=models.PROTECT, related_name="events", db_constraint=False, db_index=False
    )
    sequence = models.PositiveIntegerField()
    verb = models.CharField(max_length=16)
    from_state = CodeField(max_length=16, blank=True)
    to_state = CodeField(max_length=16)
    actor_id = models.UUIDField(null=True)
    actor_name = models.CharField(max_length=60)
    unit_id = models.UUIDField(null=True)
    note = models.TextField(blank=True, default="")
    public = models.BooleanField(default=False)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["area", "case", "sequence"], name="cases_caseevent_sequence")
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.at:%Y-%m-%d %H:%M}"


class CasePhoto(GrowingRow):
    """A photo as evidence of a case, by the hash of its file."""

    case = models.ForeignKey(
        Case, on_delete=models.PROTECT, related_name="photos", db_constraint=False, db_index=False
    )
    event = models.ForeignKey(
        CaseEvent, on_delete=models.PROTECT, related_name="photos", db_constraint=False, db_index=False
    )
    sha256 = CodeField(max_length=64)
    stage = models.CharField(max_length=8, choices=Stage.choices)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["area", "case", "event", "sha256"], name="cases_casephoto_once")
        ]

    def __str__(self) -> str:
        return self.sha256


class Rating(GrowingRow):
    """What the resident says at the end (评价), kept as given: one for each time the case was closed."""

    case = models.ForeignKey(
        Case, on_delete=models.PROTECT, related_name="ratings", db_constraint=False, db_index=False
    )
    sequence = models.PositiveIntegerField()
    solved = models.BooleanField()
    stars = models.PositiveSmallIntegerField()
    text = models.CharField(max_length=500, blank=True, default="")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["area", "case", "sequence"], name="cases_rating_sequence"),
            models.CheckConstraint(condition=Q(stars__gte=1, stars__lte=5), name="cases_rating_stars"),
        ]

    def __str__(self) -> str:
        return f"{self.stars}"
