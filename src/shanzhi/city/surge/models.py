"""Tables of surge posting. Needs, postings and their history grow by area; offers serve every area."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from shanzhi.base.rows import CodeField, GrowingRow
from shanzhi.base.rows.encryption import EncryptedField
from shanzhi.city.compounds.models import Compound
from shanzhi.city.people.models import Account, Post, Unit
from shanzhi.city.places.models import Place
from shanzhi.city.surge.flow import OFFERED, SURGE
from shanzhi.core.kit.ids import uuid7

_STATES = [(state.code, f"{state.zh} {state.en}") for state in SURGE.states]


class Need(GrowingRow):
    """A community, or one compound in it, asks for people (需求): how many, with which skills, for which first task.

    `to_on` is the first day on which they are no longer needed.
    """

    place = models.ForeignKey(Place, on_delete=models.PROTECT, related_name="+", db_index=False)
    compound = models.ForeignKey(
        Compound, on_delete=models.PROTECT, null=True, db_constraint=False, db_index=False, related_name="+"
    )
    people = models.PositiveSmallIntegerField()
    skills = ArrayField(models.CharField(max_length=20), default=list)
    from_on = models.DateField()
    to_on = models.DateField()
    task = models.CharField(max_length=200)
    note = models.CharField(max_length=200, blank=True, default="")
    stated_by = models.CharField(max_length=60)
    stated_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["from_on", "id"]
        indexes = [models.Index(fields=["place", "from_on"], name="surge_need_place")]
        constraints = [
            models.CheckConstraint(condition=Q(to_on__gt=F("from_on")), name="surge_need_span"),
            models.CheckConstraint(condition=Q(people__gte=1), name="surge_need_people"),
        ]

    def __str__(self) -> str:
        return f"{self.place_id} {self.people}"


class Offer(models.Model):
    """Somebody whom a unit offers (派出人员), and where they stand.

    A reference table, as the units are: a unit of the city sends people to any district under `place`.

    Personal data (个人信息, ordinary class), for one purpose, to reach the person and to post them near their home:
    `phone` is kept encrypted; of the home there is its community and a point rounded to about a hundred metres, no
    address. Lifetime: both are erased when the person returns, at the latest by a nightly job when `to_on` is over.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+", db_index=False)
    place = models.ForeignKey(Place, on_delete=models.PROTECT, related_name="+", db_index=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, null=True, related_name="+")
    name = models.CharField(max_length=60)
    phone = EncryptedField(null=True)
    skills = ArrayField(models.CharField(max_length=20), default=list)
    home = models.ForeignKey(Place, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    home_lon = models.FloatField(null=True)
    home_lat = models.FloatField(null=True)
    from_on = models.DateField()
    to_on = models.DateField()
    state = CodeField(max_length=12, choices=_STATES, default=OFFERED)
    posting_id = models.UUIDField(null=True)
    offered_by = models.CharField(max_length=60)
    offered_at = models.DateTimeField()

    class Meta:
        ordering = ["unit", "name", "id"]
        indexes = [
            models.Index(fields=["unit", "state"], name="surge_offer_unit"),
            models.Index(fields=["state", "to_on"], name="surge_offer_state"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(to_on__gt=F("from_on")), name="surge_offer_span"),
            models.CheckConstraint(
                condition=Q(home_lon=None, home_lat=None)
                | Q(home_lon__range=(-180, 180), home_lat__range=(-90, 90)),
                name="surge_offer_point",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Posting(GrowingRow):
    """Somebody at a place for a need (下沉岗位), from one day until before another, and why just there.

    `post` is the dated post that it gave. `distance_m` is from home to the compound or community, null where not
    known; `gap_percent` what share of the need was open when it was assigned.
    """

    need = models.ForeignKey(
        Need, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="+"
    )
    offer = models.ForeignKey(Offer, on_delete=models.PROTECT, related_name="+", db_index=False)
    post = models.ForeignKey(Post, on_delete=models.PROTECT, related_name="+", db_index=False)
    place = models.ForeignKey(Place, on_delete=models.PROTECT, related_name="+", db_index=False)
    from_on = models.DateField()
    to_on = models.DateField()
    is_home = models.BooleanField()
    distance_m = models.PositiveIntegerField(null=True)
    skills = ArrayField(models.CharField(max_length=20), default=list)
    gap_percent = models.PositiveSmallIntegerField()
    reported_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        ordering = ["from_on", "id"]
        indexes = [
            models.Index(fields=["place", "from_on"], name="surge_posting_place"),
            models.Index(fields=["area", "need"], name="surge_posting_need"),
            models.Index(fields=["offer"], name="surge_posting_offer"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["area", "offer"], condition=Q(ended_at=None), name="surge_posting_open"
            ),
            models.CheckConstraint(condition=Q(to_on__gte=F("from_on")), name="surge_posting_span"),
        ]


class SurgeEvent(GrowingRow):
    """What happened to a person offered (下沉记录); appended, never changed.

    `reason` holds no personal data beyond what the sentence of an officer says.
    """

    offer = models.ForeignKey(Offer, on_delete=models.PROTECT, related_name="events", db_index=False)
    posting = models.ForeignKey(
        Posting, on_delete=models.PROTECT, null=True, db_constraint=False, db_index=False, related_name="+"
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
        indexes = [models.Index(fields=["offer", "at"], name="surge_event_offer")]
