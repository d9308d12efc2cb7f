"""Tables of proposals. What is in force lies in places and memberships; a proposal is only a draft."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from shanzhi.base.rows import CodeField, GrowingRow
from shanzhi.city.places.models import Place
from shanzhi.core.kit.ids import uuid7


class Proposal(models.Model):
    """A proposed division (划分方案) of some places, perhaps for a response.

    `numbers` are those of the partition when it was worked out.
    """

    WAITING, WORKING, READY = "waiting", "working", "ready"
    PUBLISHING, PUBLISHED, DISCARDED, FAILED = "publishing", "published", "discarded", "failed"
    STATES = (WAITING, WORKING, READY, PUBLISHING, PUBLISHED, DISCARDED, FAILED)

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=100)
    places = ArrayField(models.UUIDField())
    low = models.PositiveSmallIntegerField()
    high = models.PositiveSmallIntegerField()
    target = models.PositiveSmallIntegerField()
    mode = CodeField(max_length=8)
    emergency = models.BooleanField(default=False)
    state = CodeField(max_length=12, default=WAITING)
    step = CodeField(max_length=16, blank=True, default="")
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    numbers = models.JSONField(default=dict)
    error = models.JSONField(null=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=60)
    published_on = models.DateField(null=True)
    activation_id = models.UUIDField(null=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["activation_id"],
                condition=Q(activation_id__isnull=False) & ~Q(state__in=["discarded", "failed"]),
                name="gridding_proposal_response",
            ),
        ]


class ProposalPart(GrowingRow):
    """One community of a proposal: a label for each floor, and what each label is.

    `floors` and `labels` run side by side. `microgrids` lists, per label in use: label, place (kept) or null,
    grid (an index into `grids`), households, shops, floors, certificate (core/planning), accept (why a human lets
    it be out of the band). `grids` lists the place of each grid, or null for a new one.
    """

    proposal = models.ForeignKey(Proposal, on_delete=models.PROTECT, related_name="+", db_index=False)
    community = models.ForeignKey(Place, on_delete=models.PROTECT, related_name="+", db_index=False)
    floors = ArrayField(models.UUIDField())
    labels = ArrayField(models.IntegerField())
    microgrids = models.JSONField()
    grids = models.JSONField()
    households = models.PositiveIntegerField()
    count = models.PositiveIntegerField()
    below = models.PositiveIntegerField()
    above = models.PositiveIntegerField()
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["area", "proposal", "community"], name="gridding_part_community")
        ]
        indexes = [models.Index(fields=["proposal"], name="gridding_part_proposal")]


class ProposalEdit(GrowingRow):
    """A correction by hand (人工调整), never changed. `before` holds the labels that the floors had, `was` the
    micro-grids of the community.

    An undoing is an edit of its own that names the one it takes back.
    """

    part = models.ForeignKey(
        ProposalPart, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="+"
    )
    number = models.PositiveIntegerField()
    kind = CodeField(max_length=8)
    floors = ArrayField(models.UUIDField())
    before = ArrayField(models.IntegerField())
    after = ArrayField(models.IntegerField())
    was = models.JSONField()
    accept = models.CharField(max_length=200, blank=True, default="")
    undoes = models.PositiveIntegerField(null=True)
    actor_id = models.UUIDField(null=True)
    actor_name = models.CharField(max_length=60)
    at = models.DateTimeField()

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["area", "part", "number"], name="gridding_edit_number")
        ]
