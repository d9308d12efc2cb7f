"""Clocks as rows."""

from django.db import models
from django.db.models import Q

from shanzhi.base.rows import CodeField, GrowingRow


class ClockState(models.TextChoices):
    """A clock runs, stands still, or has been stopped for good."""

    RUNNING = "running", "计时中 Running"
    PAUSED = "paused", "已暂停 Paused"
    STOPPED = "stopped", "已停止 Stopped"


class ClockVerb(models.TextChoices):
    """What can happen to a clock."""

    START = "start", "开始 Start"
    WARN = "warn", "临期 Warn"
    BREACH = "breach", "超期 Breach"
    PAUSE = "pause", "暂停 Pause"
    RESUME = "resume", "恢复 Resume"
    STOP = "stop", "停止 Stop"
    RECOMPUTE = "recompute", "重算 Recompute"


class Clock(GrowingRow):
    """A due time of something (时钟). `next_at` is the next instant at which it fires, null when never."""

    subject_id = models.UUIDField()
    name = models.CharField(max_length=16)
    started_at = models.DateTimeField()
    due_at = models.DateTimeField()
    warn_at = models.DateTimeField(null=True)
    state = CodeField(max_length=8, choices=ClockState.choices)
    next_at = models.DateTimeField(null=True)
    warned_at = models.DateTimeField(null=True)
    breached_at = models.DateTimeField(null=True)
    paused_at = models.DateTimeField(null=True)
    stopped_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["area", "subject_id", "name"],
                condition=~Q(state="stopped"),
                name="clocks_clock_one_of_a_name",
            ),
        ]
        indexes = [
            models.Index(fields=["next_at"], name="clocks_clock_next", condition=Q(next_at__isnull=False)),
            # Those that run are found by their unique key: every index here is one write more a firing.
            models.Index(
                fields=["area", "subject_id"], name="clocks_clock_stopped", condition=Q(state="stopped")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.due_at}"


class ClockEvent(GrowingRow):
    """What happened to a clock, and when: appended, never changed."""

    clock = models.ForeignKey(Clock, on_delete=models.PROTECT, db_constraint=False, db_index=False)
    verb = models.CharField(max_length=12, choices=ClockVerb.choices)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["area", "clock"], name="clocks_clockevent_clock")]

    def __str__(self) -> str:
        return f"{self.verb} {self.at}"
