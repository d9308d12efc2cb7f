"""Tables of reporting. The duty log grows by area; handovers and reports are few and serve every area."""

from django.db import models
from django.db.models import F, Q

from shanzhi.base.rows import CodeField, GrowingRow
from shanzhi.base.rows.encryption import EncryptedField
from shanzhi.city.modes.models import Activation
from shanzhi.city.places.models import Place
from shanzhi.command.reporting.flow import DRAFT, GIVEN, HANDOVER, REPORT
from shanzhi.core.kit.ids import uuid7

_REPORT_STATES = [(state.code, f"{state.zh} {state.en}") for state in REPORT.states]
_HANDOVER_STATES = [(state.code, f"{state.zh} {state.en}") for state in HANDOVER.states]


class EntryKind(models.TextChoices):
    """What a line of the duty log is."""

    CALL = "call", "来电 Call"
    NOTE = "note", "记事 Note"
    ADDITION = "addition", "续记 Addition"
    CORRECTION = "correction", "更正 Correction"
    HANDOVER = "handover", "交接班 Handover"


class ReportKind(models.TextChoices):
    """Which report upward."""

    FIRST = "first", "初报 First report"
    FOLLOW = "follow", "续报 Follow-up"
    DAILY = "daily", "日报 Daily report"
    FINAL = "final", "终报 Final report"
    SUMMARY = "summary", "总结报告 Closing report"


class DutyEntry(GrowingRow):
    """A line of the duty log (值班日志); appended, never changed, sealed. A correction is another line.

    The fields are those of the rule: when it came (来电时间), from which unit (来电单位), what it said (内容), what
    is proposed (拟办), what was decided (批示), what came of it (办理结果), who was on duty (值班员). Name and
    telephone of the caller stand in `DutyCaller`, which can be destroyed. `about_id` is the line that an addition
    or correction is about, `subject_*` a case or order. `hash` tells a repetition of the same `id` from
    another content.
    """

    place = models.ForeignKey(Place, on_delete=models.PROTECT, related_name="+", db_index=False)
    kind = CodeField(max_length=12, choices=EntryKind.choices)
    about_id = models.UUIDField(null=True)
    called_at = models.DateTimeField()
    caller_unit = models.CharField(max_length=80, blank=True, default="")
    content = models.TextField(max_length=2000)
    proposal = models.CharField(max_length=500, blank=True, default="")
    instruction = models.CharField(max_length=500, blank=True, default="")
    result = models.CharField(max_length=500, blank=True, default="")
    activation_id = models.UUIDField(null=True)
    subject_kind = CodeField(max_length=8, blank=True, default="")
    subject_area = CodeField(max_length=6, blank=True, default="")
    subject_id = models.UUIDField(null=True)
    subject_name = models.CharField(max_length=80, blank=True, default="")
    officer_id = models.UUIDField()
    officer_name = models.CharField(max_length=60)
    at = models.DateTimeField()
    hash = models.BinaryField(max_length=32)

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [
            models.Index(fields=["place", "-at"], name="reporting_entry_place"),
            models.Index(
                fields=["activation_id"],
                name="reporting_entry_activation",
                condition=Q(activation_id__isnull=False),
            ),
            models.Index(
                fields=["area", "about_id"], name="reporting_entry_about", condition=Q(about_id__isnull=False)
            ),
        ]


class DutyCaller(GrowingRow):
    """Who called (来电人): personal data, encrypted, for one purpose, to ring back. `id` is that of the entry.

    Lifetime: 365 days in everyday use (`duty-callers`), and gone with the response that the entry belongs to.
    """

    name = EncryptedField(null=True)
    phone = EncryptedField(null=True)
    activation_id = models.UUIDField(null=True)
    at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["at"], name="reporting_caller_at"),
            models.Index(
                fields=["activation_id"],
                name="reporting_caller_activation",
                condition=Q(activation_id__isnull=False),
            ),
        ]


class Handover(models.Model):
    """A shift handed over (交接班): one gives it with what is still open, another takes it; both sign by name."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    place = models.ForeignKey(Place, on_delete=models.PROTECT, related_name="+", db_index=False)
    state = CodeField(max_length=12, choices=_HANDOVER_STATES, default=GIVEN)
    from_at = models.DateTimeField()
    open_matters = models.TextField(max_length=1000)
    given_by_id = models.UUIDField()
    given_by = models.CharField(max_length=60)
    given_at = models.DateTimeField()
    taken_by_id = models.UUIDField(null=True)
    taken_by = models.CharField(max_length=60, blank=True, default="")
    taken_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-given_at", "-id"]
        indexes = [models.Index(fields=["place", "-given_at"], name="reporting_handover_place")]
        constraints = [
            models.UniqueConstraint(
                fields=["place"], condition=Q(state="given"), name="reporting_handover_open"
            ),
            models.CheckConstraint(
                condition=Q(taken_by_id=None) | ~Q(taken_by_id=F("given_by_id")),
                name="reporting_handover_two_people",
            ),
        ]


class UpwardReport(models.Model):
    """A report upward on a response (突发事件信息报告), in one version; sent, it is never changed.

    `kind` and `sequence` say which one (续报 2), `version` counts corrections, each a report of its own. A zero
    report (零报告) says that nothing happened. `facts` are the counts as they were when it was signed. `due_at` is
    when it was due.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    activation = models.ForeignKey(Activation, on_delete=models.PROTECT, related_name="+", db_index=False)
    kind = CodeField(max_length=8, choices=ReportKind.choices)
    sequence = models.PositiveSmallIntegerField()
    version = models.PositiveSmallIntegerField(default=1)
    is_zero = models.BooleanField(default=False)
    state = CodeField(max_length=8, choices=_REPORT_STATES, default=DRAFT)
    recipient = models.CharField(max_length=80)
    happened_at = models.DateTimeField()
    location = models.CharField(max_length=200, blank=True, default="")
    source = models.CharField(max_length=200, blank=True, default="")
    nature = models.CharField(max_length=200, blank=True, default="")
    extent = models.CharField(max_length=500, blank=True, default="")
    losses = models.CharField(max_length=1000, blank=True, default="")
    trend = models.CharField(max_length=1000, blank=True, default="")
    measures = models.TextField(max_length=3000, blank=True, default="")
    next_steps = models.CharField(max_length=1000, blank=True, default="")
    contact = models.CharField(max_length=120, blank=True, default="")
    lessons = models.TextField(max_length=4000, blank=True, default="")
    facts = models.JSONField(default=list)
    due_at = models.DateTimeField(null=True)
    drafted_by_id = models.UUIDField()
    drafted_by = models.CharField(max_length=60)
    drafted_at = models.DateTimeField()
    edited_by_id = models.UUIDField()
    signed_by_id = models.UUIDField(null=True)
    signed_by = models.CharField(max_length=60, blank=True, default="")
    signed_at = models.DateTimeField(null=True)
    sent_by = models.CharField(max_length=60, blank=True, default="")
    sent_at = models.DateTimeField(null=True)
    sent_how = models.CharField(max_length=120, blank=True, default="")

    class Meta:
        ordering = ["-drafted_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["activation", "kind", "sequence", "version"],
                condition=~Q(state="dropped"),
                name="reporting_report_version",
            ),
            models.CheckConstraint(
                condition=Q(signed_by_id=None)
                | (~Q(signed_by_id=F("drafted_by_id")) & ~Q(signed_by_id=F("edited_by_id"))),
                name="reporting_report_two_people",
            ),
        ]


class ReportEvent(models.Model):
    """What was done to a report (报送记录); appended, never changed, sealed. `digest` is that of its content then."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    report = models.ForeignKey(UpwardReport, on_delete=models.PROTECT, related_name="events", db_index=False)
    verb = CodeField(max_length=12)
    from_state = CodeField(max_length=8, blank=True, default="")
    to_state = CodeField(max_length=8)
    actor_id = models.UUIDField(null=True)
    actor_name = models.CharField(max_length=60)
    reason = models.CharField(max_length=300, blank=True, default="")
    digest = CodeField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        ordering = ["at", "id"]
        indexes = [models.Index(fields=["report", "at"], name="reporting_event_report")]
