"""Tables of rosters. Rosters are few and serve every area; shifts, turns and their history grow by area."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from shanzhi.base.rows import CodeField, GrowingRow
from shanzhi.city.people.models import Account
from shanzhi.city.places.models import Place
from shanzhi.city.surge.models import Offer
from shanzhi.core.kit.ids import uuid7
from shanzhi.work.rosters.flow import ASSIGNED, HELD, TURN

_STATES = [(state.code, f"{state.zh} {state.en}") for state in TURN.states]


class Roster(models.Model):
    """A roster (值班表): posts to be held at places, by a template, from a day on; with `ended_at` it is over.

    `posts` and `shift` narrow the template (empty: all of it). `kinds`, `signs_on` and `late_minutes` are the
    template's as they were when it began; `tells_lead`: a shift that is not begun
    in time is told to its lead by text message too. `made_until` is the first day for which no shifts have been made
    yet, `to_on` the first day on which none are wanted any more.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=80)
    template = CodeField(max_length=32)
    posts = ArrayField(CodeField(max_length=16), default=list)
    shift = models.CharField(max_length=40, blank=True, default="")
    place_ids = ArrayField(models.UUIDField())
    kinds = ArrayField(CodeField(max_length=32))
    signs_on = models.BooleanField(default=False)
    late_minutes = models.PositiveSmallIntegerField(default=15)
    tells_lead = models.BooleanField(default=True)
    activation_id = models.UUIDField(null=True)
    is_drill = models.BooleanField(default=False)
    from_on = models.DateField()
    to_on = models.DateField(null=True)
    made_until = models.DateField()
    made_by = models.CharField(max_length=60)
    made_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=60, blank=True, default="")
    end_reason = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        ordering = ["-made_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["activation_id", "template"],
                condition=Q(activation_id__isnull=False, ended_at=None),
                name="rosters_roster_once",
            ),
            models.CheckConstraint(
                condition=Q(to_on=None) | Q(to_on__gt=F("from_on")), name="rosters_roster_span"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Shift(GrowingRow):
    """A post to be held at a place from one hour until another (班次), by `people`."""

    roster = models.ForeignKey(Roster, on_delete=models.PROTECT, related_name="+", db_index=False)
    place = models.ForeignKey(Place, on_delete=models.PROTECT, related_name="+", db_index=False)
    post = CodeField(max_length=16)
    post_zh = models.CharField(max_length=40)
    post_en = models.CharField(max_length=60)
    name_zh = models.CharField(max_length=20)
    name_en = models.CharField(max_length=40)
    people = models.PositiveSmallIntegerField()
    begins_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    dropped_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["begins_at", "place", "id"]
        indexes = [
            models.Index(fields=["roster", "begins_at"], name="rosters_shift_roster"),
            models.Index(fields=["place", "begins_at"], name="rosters_shift_place"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["area", "roster", "place", "post", "begins_at"], name="rosters_shift_once"
            ),
            models.CheckConstraint(condition=Q(ends_at__gt=F("begins_at")), name="rosters_shift_span"),
        ]


class Turn(GrowingRow):
    """Somebody for a shift (值守安排): an account, or somebody of a unit without one (surge offer).

    `person_id` is the one of the two that is set, `begins_at` and `ends_at` those of the shift: by them nobody is
    booked twice. `signed_on_at` is when the person tapped 到岗; no position is kept, the place is the shift's.
    `handover` and `swap_reason` are what people wrote; both are blanked in time (docs/handbook/retention.md).
    """

    shift = models.ForeignKey(
        Shift, on_delete=models.PROTECT, related_name="turns", db_constraint=False, db_index=False
    )
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    offer = models.ForeignKey(Offer, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    person_id = models.UUIDField()
    begins_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    state = CodeField(max_length=12, choices=_STATES, default=ASSIGNED)
    late_at = models.DateTimeField(null=True)
    warned_at = models.DateTimeField(null=True)
    signed_on_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    handover = models.CharField(max_length=500, blank=True, default="")
    swap_asked_at = models.DateTimeField(null=True)
    swap_reason = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        ordering = ["begins_at", "id"]
        indexes = [
            models.Index(fields=["area", "shift"], name="rosters_turn_shift"),
            models.Index(fields=["person_id", "begins_at"], name="rosters_turn_person"),
            models.Index(
                fields=["late_at"], name="rosters_turn_late", condition=Q(state=ASSIGNED, warned_at=None)
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["area", "shift", "person_id"], condition=Q(state__in=HELD), name="rosters_turn_once"
            ),
            models.CheckConstraint(
                condition=Q(account__isnull=False, offer=None) | Q(account=None, offer__isnull=False),
                name="rosters_turn_one",
            ),
        ]


class TurnEvent(GrowingRow):
    """What happened to a turn (值守记录); appended, never changed."""

    turn = models.ForeignKey(
        Turn, on_delete=models.PROTECT, related_name="events", db_constraint=False, db_index=False
    )
    verb = CodeField(max_length=12)
    from_state = CodeField(max_length=12, blank=True, default="")
    to_state = CodeField(max_length=12)
    actor_id = models.UUIDField(null=True)
    actor_name = models.CharField(max_length=60)
    reason = models.CharField(max_length=200, blank=True, default="")
    at = models.DateTimeField()

    class Meta:
        ordering = ["at", "id"]
        indexes = [models.Index(fields=["area", "turn"], name="rosters_event_turn")]
