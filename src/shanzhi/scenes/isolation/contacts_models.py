"""Tables of the fenced store of contacts (密接专库): they refer to each other and to nothing else.

No home, no account, no place finer than a community; the community is a plain id. A row goes 30 days after it was
written at the latest: the database refuses a later day. All of it is personal data of the sensitive class, held for
one purpose, to inform people in time.
"""

from datetime import timedelta

from django.db import models
from django.db.models import F, Q

from shanzhi.base.rows import CodeField, GrowingRow
from shanzhi.base.rows.encryption import EncryptedField

MOST_DAYS = 30
_DAYS = timedelta(days=MOST_DAYS)


class FactKind(models.TextChoices):
    """What was typed about somebody; links are computed from nothing else."""

    DOOR = "door", "住址门户 Door"
    HOUSEHOLD = "household", "同住家庭 Household"
    SESSION = "session", "同场（某日某处） Session: a day and a place"


class ContactState(models.TextChoices):
    """Whether the person knows."""

    OPEN = "open", "待告知 To be informed"
    INFORMED = "informed", "已告知 Informed"
    REFERRED = "referred", "已转入照护 Referred to care"


class ContactTask(GrowingRow):
    """A task of tracing (流调任务) around one case, for one community, during a response."""

    number = CodeField(max_length=24)
    community_id = models.UUIDField()
    activation_id = models.UUIDField()
    basis = models.CharField(max_length=200)
    document = models.CharField(max_length=80)
    opened_by = models.CharField(max_length=60)
    opened_at = models.DateTimeField()
    destroy_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "contacts_task"
        ordering = ["-opened_at", "-id"]
        indexes = [
            models.Index(fields=["community_id"], name="contacts_task_community"),
            models.Index(fields=["destroy_at"], name="contacts_task_destroy"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["area", "number"], name="contacts_task_number"),
            models.CheckConstraint(
                condition=Q(destroy_at__lte=F("opened_at") + _DAYS), name="contacts_task_days"
            ),
        ]

    def __str__(self) -> str:
        return self.number


class LeadState(models.TextChoices):
    """What became of a lead."""

    OPEN = "open", "待流调 To be traced"
    TAKEN = "taken", "已开始流调 Tracing"
    DISMISSED = "dismissed", "不需要 Not needed"


class ContactLead(GrowingRow):
    """A household from whose re-test a positive result came (流调线索): a task for a tracer, until one is opened.

    It says which door, not who; `id` is a keyed hash of where it came from, so that it is made once and leads back to
    nothing. The door is blanked when the lead is taken or dismissed.
    """

    community_id = models.UUIDField()
    activation_id = models.UUIDField()
    door = EncryptedField(null=True)
    people = models.PositiveSmallIntegerField()
    found_on = models.DateField()
    state = CodeField(max_length=10, choices=LeadState.choices, default=LeadState.OPEN)
    made_at = models.DateTimeField()
    settled_by = models.CharField(max_length=60, blank=True, default="")
    settled_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=200, blank=True, default="")
    destroy_at = models.DateTimeField()

    class Meta:
        db_table = "contacts_lead"
        ordering = ["made_at", "id"]
        indexes = [
            models.Index(fields=["community_id"], name="contacts_lead_community"),
            models.Index(fields=["destroy_at"], name="contacts_lead_destroy"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(destroy_at__lte=F("made_at") + _DAYS), name="contacts_lead_days"
            ),
        ]


class ContactPerson(GrowingRow):
    """The case of a task (degree 0), a contact (密接, 1), or a contact's contact (次密接, 2); nobody beyond.

    `found_through` is the person one step nearer to the case.
    """

    task = models.ForeignKey(
        ContactTask, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="+"
    )
    number = CodeField(max_length=24)
    degree = models.PositiveSmallIntegerField()
    found_through = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, db_constraint=False, db_index=False, related_name="+"
    )
    name = EncryptedField()
    phone = EncryptedField(null=True)
    state = CodeField(max_length=10, choices=ContactState.choices, default=ContactState.OPEN)
    last_exposed_on = models.DateField()
    observe_until_on = models.DateField()
    added_by = models.CharField(max_length=60)
    added_at = models.DateTimeField()
    destroy_at = models.DateTimeField()
    content_hash = models.BinaryField(max_length=32)

    class Meta:
        db_table = "contacts_person"
        ordering = ["degree", "added_at", "id"]
        indexes = [
            models.Index(fields=["area", "task"], name="contacts_person_task"),
            models.Index(fields=["destroy_at"], name="contacts_person_destroy"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["area", "number"], name="contacts_person_number"),
            models.UniqueConstraint(
                fields=["area", "task"], condition=Q(degree=0), name="contacts_person_one_case"
            ),
            models.CheckConstraint(
                condition=Q(degree=0, found_through=None) | Q(degree__in=[1, 2], found_through__isnull=False),
                name="contacts_person_degree",
            ),
            models.CheckConstraint(
                condition=Q(destroy_at__lte=F("added_at") + _DAYS), name="contacts_person_days"
            ),
        ]

    def __str__(self) -> str:
        return self.number


class ContactFact(GrowingRow):
    """A fact about somebody of a task (事实). `mark` is a keyed hash of task, kind, day and value.

    Equal facts of one task have equal marks; across tasks they never do, so that nobody can be followed.
    """

    person = models.ForeignKey(
        ContactPerson, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="+"
    )
    kind = CodeField(max_length=10, choices=FactKind.choices)
    on_day = models.DateField(null=True)
    value = EncryptedField()
    mark = CodeField(max_length=64)

    class Meta:
        db_table = "contacts_fact"
        ordering = ["kind", "on_day", "id"]
        indexes = [models.Index(fields=["area", "mark"], name="contacts_fact_mark")]
        constraints = [
            models.UniqueConstraint(fields=["area", "person", "mark"], name="contacts_fact_once"),
            models.CheckConstraint(
                condition=Q(kind="session", on_day__isnull=False) | (~Q(kind="session") & Q(on_day=None)),
                name="contacts_fact_day",
            ),
        ]


class ContactRead(GrowingRow):
    """Somebody looked at a person's row (查看记录): post, time, purpose. Appended, never changed; no name of anybody.

    `reader_id` is for an inquiry; the person is told the post. It outlives the row, and then says of whom no more.
    """

    person_id = models.UUIDField()
    post = CodeField(max_length=32)
    reader_id = models.UUIDField(null=True)
    purpose = CodeField(max_length=12)
    at = models.DateTimeField()

    class Meta:
        db_table = "contacts_read"
        ordering = ["at", "id"]
        indexes = [models.Index(fields=["area", "person_id", "at"], name="contacts_read_person")]
