"""Tables of drills: few, reference tables."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from shanzhi.base.rows import CodeField
from shanzhi.core.kit.ids import uuid7


class Drill(models.Model):
    """Who answers in a drill response (演练应答), and how it did.

    `behaviour` names the pack by which simulated people answer; empty: real people alone. Holders of `real_posts`
    answer themselves all the same. Same `seed`, same answers. `score` is of 100, as of `measured_at`; after `over_at`
    nothing is answered or measured any more.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    activation_id = models.UUIDField(unique=True)
    behaviour = CodeField(max_length=32, blank=True, default="")
    real_posts = ArrayField(CodeField(max_length=32), default=list)
    seed = models.PositiveIntegerField()
    score = models.FloatField(null=True)
    measured_at = models.DateTimeField(null=True)
    over_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(fields=["id"], name="drills_drill_open", condition=models.Q(over_at=None)),
        ]


class DrillEvent(models.Model):
    """Who was chosen to answer, by whom (演练应答记录); appended, never changed."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    drill = models.ForeignKey(Drill, on_delete=models.PROTECT, related_name="events", db_index=False)
    behaviour = CodeField(max_length=32, blank=True, default="")
    real_posts = ArrayField(CodeField(max_length=32), default=list)
    seed = models.PositiveIntegerField()
    actor_id = models.UUIDField(null=True)
    actor_name = models.CharField(max_length=60)
    at = models.DateTimeField()

    class Meta:
        ordering = ["at", "id"]
        indexes = [models.Index(fields=["drill", "at"], name="drills_event_drill")]


class DrillScore(models.Model):
    """A target of the plan and how far the drill got (演练得分). `share` of `of` are to be there within `seconds`.

    `in_time` were; `reached` is the second at which the share was there, None for not yet.
    """

    drill = models.ForeignKey(Drill, on_delete=models.PROTECT, related_name="scores", db_index=False)
    position = models.PositiveSmallIntegerField()
    code = CodeField(max_length=32)
    zh = models.CharField(max_length=120)
    en = models.CharField(max_length=200)
    share = models.FloatField()
    seconds = models.FloatField()
    weight = models.FloatField()
    of = models.PositiveIntegerField()
    in_time = models.PositiveIntegerField()
    reached = models.FloatField(null=True)
    points = models.FloatField()

    class Meta:
        ordering = ["drill", "position"]
        constraints = [
            models.UniqueConstraint(fields=["drill", "position"], name="drills_score_position"),
        ]
