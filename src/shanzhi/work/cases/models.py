"""Tables of cases. A report (上报) is a case in its first state: one matter, one row, from start to end."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from shanzhi.base.rows import CodeField, GrowingRow
from shanzhi.base.rows.encryption import EncryptedField
from shanzhi.core.kit.ids import uuid7
from shanzhi.core.worktime import Unit
from shanzhi.work.cases.flow import CLOSED_LOOP, OPEN_STATES
from shanzhi.work.cases.roads import ASKED


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


class CloseKind(models.TextChoices):
    """How a case was closed (结案类型)."""

    NONE = "", "未结案 Not closed"
    NORMAL = "normal", "正常结案 Normal"
    OVERDUE = "overdue", "超时结案 Overdue"
    SPECIAL = "special", "特殊结案 Special"
    SELF_HANDLED = "self_handled", "自处置结案 Handled on the spot"
    MERGED = "merged", "并案结案 With its master"


class RequestState(models.TextChoices):
    """Where a request stands. It lapses when the case moves on without a decision."""

    PENDING = "pending", "待处理 Pending"
    APPROVED = "approved", "已批准 Approved"
    REFUSED = "refused", "已驳回 Refused"
    ANSWERED = "answered", "已答复 Answered"
    WITHDRAWN = "withdrawn", "已撤回 Withdrawn"
    LAPSED = "lapsed", "已失效 Lapsed"


_IS_OPEN = Q(state__in=OPEN_STATES)
STATE_CHOICES = [(state.code, state.zh) for state in CLOSED_LOOP.states]


class Case(GrowingRow):
    """One matter to resolve (案件).

    `limit_*` is the limit in force when it was filed: a copy, which later catalogues do not change.
    `due_at` and `warn_at` are those of the clock of the step that runs now, for sorting. `assignee` is whom the
    unit forwarded it to, `master_id` the case with which a duplicate is dealt, `is_overdue` whether handling ever
    took longer than its limit (raw), `is_exempt` that an appeal took it out of the statistics, `has_own_limits` that
    a response copied limits to it (CaseLimit). `extensions` and `refused_returns` count for the unit that has it
    now. `content_hash` tells a repeated submission from another one under the same id. Purpose of `phone`: to ask
    back and to tell the result; class: personal, encrypted; lifetime: see docs/handbook/retention.md.
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
    assignee = models.ForeignKey(
        "people.Account", on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    master_id = models.UUIDField(null=True)
    bundle = models.ForeignKey(
        "cases.Bundle", on_delete=models.PROTECT, null=True, related_name="cases", db_constraint=False,
        db_index=False,
    )  # fmt: skip
    close_kind = models.CharField(max_length=12, choices=CloseKind.choices, blank=True, db_default="")
    extensions = models.PositiveSmallIntegerField(db_default=0)
    refused_returns = models.PositiveSmallIntegerField(db_default=0)
    open_requests = models.PositiveSmallIntegerField(db_default=0)
    open_supports = models.PositiveSmallIntegerField(db_default=0)
    is_overdue = models.BooleanField(db_default=False)
    is_exempt = models.BooleanField(db_default=False)
    has_own_limits = models.BooleanField(db_default=False)
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
            models.Index(
                fields=["area", "master_id"], name="cases_case_master", condition=Q(master_id__isnull=False)
            ),
            models.Index(
                fields=["assignee", "due_at", "id"],
                name="cases_case_assignee",
                condition=_IS_OPEN & Q(assignee__isnull=False),
            ),
            models.Index(fields=["bundle"], name="cases_case_bundle", condition=Q(bundle__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.number


class CaseEvent(GrowingRow):
    """What happened to a case: appended, sealed, never changed. `public` notes are shown to the resident.

    `unit_id` is the actor's own unit; `named_*` and `until_at` are what the verb named: the unit it went to, the
    colleague, the master case, the rule filed under or cited.
    """

    case = models.ForeignKey(
        Case, on_delete=models.PROTECT, related_name="events", db_constraint=False, db_index=False
    )
    sequence = models.PositiveIntegerField()
    verb = models.CharField(max_length=20)
    from_state = CodeField(max_length=16, blank=True)
    to_state = CodeField(max_length=16)
    actor_id = models.UUIDField(null=True)
    actor_name = models.CharField(max_length=60)
    unit_id = models.UUIDField(null=True)
    named_unit_id = models.UUIDField(null=True)
    named_account_id = models.UUIDField(null=True)
    named_case_id = models.UUIDField(null=True)
    named_condition_id = models.UUIDField(null=True)
    until_at = models.DateTimeField(null=True)
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


class CaseRequest(GrowingRow):
    """What somebody asks about a case and others decide or answer (申请、催办、督办).

    `consents` counts those given so far; `due_at` is when an answer is due.
    """

    case = models.ForeignKey(
        Case, on_delete=models.PROTECT, related_name="requests", db_constraint=False, db_index=False
    )
    kind = CodeField(max_length=12, choices=[(one.code, f"{one.zh} {one.en}") for one in ASKED.values()])
    state = CodeField(max_length=10, choices=RequestState.choices)
    consents = models.PositiveSmallIntegerField(default=0)
    asked_by = models.UUIDField(null=True)
    asked_name = models.CharField(max_length=60)
    unit_id = models.UUIDField(null=True)
    asked_at = models.DateTimeField()
    note = models.TextField(blank=True, default="")
    condition_id = models.UUIDField(null=True)
    until_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    decided_name = models.CharField(max_length=60, blank=True, default="")
    decided_at = models.DateTimeField(null=True)
    answer = models.TextField(blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["area", "case", "kind"],
                condition=Q(state="pending"),
                name="cases_caserequest_pending",
            ),
        ]
        indexes = [
            models.Index(fields=["area", "case"], name="cases_caserequest_case"),
            models.Index(
                fields=["kind", "consents", "asked_at"], name="cases_caserequest_inbox",
                condition=Q(state="pending"),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.kind} {self.state}"


class CaseSupport(GrowingRow):
    """A unit that helps the lead unit with a case (会同处置); `done_at` or `released_at` ends it."""

    case = models.ForeignKey(
        Case, on_delete=models.PROTECT, related_name="supports", db_constraint=False, db_index=False
    )
    unit = models.ForeignKey("people.Unit", on_delete=models.PROTECT, related_name="+", db_index=False)
    asked_at = models.DateTimeField()
    note = models.TextField(blank=True, default="")
    done_at = models.DateTimeField(null=True)
    released_at = models.DateTimeField(null=True)
    result = models.TextField(blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["area", "case", "unit"], name="cases_casesupport_once")
        ]
        indexes = [models.Index(fields=["unit", "case"], name="cases_casesupport_unit")]

    def __str__(self) -> str:
        return f"{self.unit_id}"


class Bundle(GrowingRow):
    """Several cases under one limit (捆绑): all of them are due when the bundle is."""

    name = models.CharField(max_length=100)
    due_at = models.DateTimeField()
    created_at = models.DateTimeField()
    created_name = models.CharField(max_length=60)

    def __str__(self) -> str:
        return self.name


class EmergencyLimit(models.Model):
    """A limit that holds while a response lasts (应急时限), for cases at or below its places.

    With `amount` that is the limit; without it the usual one runs round the clock. `kinds` are codes of kinds, none:
    all. `number` and `title` name the response as the basis that is shown.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    activation_id = models.UUIDField()
    number = CodeField(max_length=24)
    place_ids = ArrayField(models.UUIDField())
    clock = CodeField(max_length=16)
    kinds = ArrayField(CodeField(max_length=8), default=list)
    amount = models.FloatField(null=True)
    unit = models.CharField(max_length=16, blank=True, default="", choices=[(u.value, u.value) for u in Unit])
    from_at = models.DateTimeField()
    to_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["from_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["activation_id", "clock", "kinds"],
                condition=Q(to_at=None),
                name="cases_emergencylimit_once",
            ),
        ]
        indexes = [
            models.Index(fields=["clock"], condition=Q(to_at=None), name="cases_emergencylimit_live"),
        ]


class CaseLimit(GrowingRow):
    """A limit that a response gave a case (应急时限副本): a copy, which the end of the response does not change.

    `limit_before` is what the step had before, in words; `number` names the response.
    """

    case = models.ForeignKey(
        Case, on_delete=models.PROTECT, related_name="own_limits", db_constraint=False, db_index=False
    )
    clock = CodeField(max_length=16)
    amount = models.FloatField()
    unit = models.CharField(max_length=16, choices=[(u.value, u.value) for u in Unit])
    activation_id = models.UUIDField()
    number = CodeField(max_length=24)
    limit_before = models.CharField(max_length=60, blank=True, default="")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["area", "case", "clock"], name="cases_caselimit_clock"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="cases_caselimit_amount"),
        ]


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
