"""Tables of sampling. Campaigns are few and serve every area; points, tickets, tubes and who came grow by area."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from shanzhi.base.rows import CodeField, GrowingRow
from shanzhi.city.places.models import Place
from shanzhi.core.kit.ids import uuid7
from shanzhi.scenes.sampling.flow import CAMPAIGN, DRAFT, OPEN, RETEST_STATES, TODO, TUBE, Kind, What

_STATES = [(state.code, f"{state.zh} {state.en}") for state in CAMPAIGN.states]
_TUBE_STATES = [(state.code, f"{state.zh} {state.en}") for state in TUBE.states]
_RETESTS = [(state.code, f"{state.zh} {state.en}") for state in RETEST_STATES]


class Campaign(models.Model):
    """A round (轮次) of sampling or of distribution: where, at which pace, from which day; then its timetable.

    A reference table. The numbers are those of its template, as somebody left them. `doors` and `people` are what was
    planned, `left_out` the doors that no slot takes, `ungridded` those in no micro-grid, `metres` the mean way.
    `rolled_at` is when its board was last computed; `destroyed_at` when who came was destroyed.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    number = CodeField(max_length=24, unique=True)
    place = models.ForeignKey(Place, on_delete=models.PROTECT, related_name="+", db_index=False)
    kind = CodeField(max_length=12, choices=Kind.choices)
    template = CodeField(max_length=32)
    title = models.CharField(max_length=60)
    goods = models.CharField(max_length=120, blank=True, default="")
    place_ids = ArrayField(models.UUIDField())
    first_on = models.DateField()
    days = models.PositiveSmallIntegerField()
    opens = models.TimeField()
    closes = models.TimeField()
    slot_minutes = models.PositiveSmallIntegerField()
    table_rate = models.PositiveSmallIntegerField()
    most_tables = models.PositiveSmallIntegerField()
    people_per_point = models.PositiveIntegerField()
    people_per_home = models.FloatField()
    pooling = CodeField(max_length=12, blank=True, default="")
    queue_limit = models.PositiveSmallIntegerField()
    round_hours = models.PositiveSmallIntegerField()
    is_drill = models.BooleanField(default=False)
    activation_id = models.UUIDField(null=True)
    state = CodeField(max_length=12, choices=_STATES, default=DRAFT)
    drafted_by_id = models.UUIDField()
    drafted_by = models.CharField(max_length=60)
    drafted_at = models.DateTimeField()
    issued_by = models.CharField(max_length=60, blank=True, default="")
    issued_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    planned_at = models.DateTimeField(null=True)
    doors = models.PositiveIntegerField(default=0)
    people = models.PositiveIntegerField(default=0)
    microgrids = models.PositiveIntegerField(default=0)
    left_out = models.PositiveIntegerField(default=0)
    ungridded = models.PositiveIntegerField(default=0)
    metres = models.PositiveIntegerField(default=0)
    results_at = models.DateTimeField(null=True)
    rolled_at = models.DateTimeField(null=True)
    destroyed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-drafted_at", "-id"]
        indexes = [
            models.Index(fields=["place", "-drafted_at"], name="sampling_campaign_place"),
            models.Index(fields=["state"], name="sampling_campaign_state"),
            models.Index(
                fields=["activation_id"], name="sampling_campaign_activation",
                condition=Q(activation_id__isnull=False),
            ),
        ]  # fmt: skip
        constraints = [
            models.CheckConstraint(condition=Q(closes__gt=F("opens")), name="sampling_campaign_hours"),
            models.CheckConstraint(
                condition=Q(days__gte=1, slot_minutes__gte=5), name="sampling_campaign_slots"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.title}"


class CampaignEvent(models.Model):
    """What was done to a campaign (轮次记录), its points and its timetable; appended, never changed."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="events", db_index=False)
    verb = CodeField(max_length=16)
    from_state = CodeField(max_length=12, blank=True, default="")
    to_state = CodeField(max_length=12)
    actor_id = models.UUIDField(null=True)
    actor_name = models.CharField(max_length=60)
    reason = models.CharField(max_length=300, blank=True, default="")
    at = models.DateTimeField()

    class Meta:
        ordering = ["at", "id"]
        indexes = [models.Index(fields=["campaign", "at"], name="sampling_event_campaign")]


class _OfCampaign(GrowingRow):
    """A row of a campaign."""

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        abstract = True


class Point(_OfCampaign):
    """A point (点位) at which people come: where it stands, its hours, how many tables; those in `paused` rest."""

    place = models.ForeignKey(Place, on_delete=models.PROTECT, related_name="+", db_index=False)
    number = models.PositiveIntegerField()
    name = models.CharField(max_length=60)
    address = models.CharField(max_length=200, blank=True, default="")
    lon = models.FloatField()
    lat = models.FloatField()
    tables = models.PositiveSmallIntegerField()
    paused = ArrayField(models.PositiveSmallIntegerField(), default=list)
    opens = models.TimeField()
    closes = models.TimeField()
    is_open = models.BooleanField(default=True)
    by_hand = models.BooleanField(default=False)

    class Meta:
        ordering = ["campaign", "number", "id"]
        indexes = [models.Index(fields=["campaign"], name="sampling_point_campaign")]
        constraints = [
            models.UniqueConstraint(fields=["area", "campaign", "number"], name="sampling_point_number"),
            models.CheckConstraint(condition=Q(closes__gt=F("opens")), name="sampling_point_hours"),
        ]

    def __str__(self) -> str:
        return self.name


class Allocation(_OfCampaign):
    """Doors of a micro-grid in one slot of one point (排时): `doors` of them, from the one numbered `first` on.

    `pinned`: somebody put the micro-grid there by hand; it stays when the rest is planned again.
    """

    place = models.ForeignKey(
        Place, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="+"
    )
    point = models.ForeignKey(
        Point, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="+"
    )
    slot = models.PositiveSmallIntegerField()
    first = models.PositiveIntegerField()
    doors = models.PositiveIntegerField()
    pinned = models.BooleanField(default=False)

    class Meta:
        ordering = ["campaign", "place", "first", "id"]
        indexes = [
            models.Index(fields=["campaign", "point", "slot"], name="sampling_alloc_point"),
            models.Index(fields=["place", "campaign"], name="sampling_alloc_place"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["area", "campaign", "place", "first"], name="sampling_alloc_first"
            ),
            models.CheckConstraint(condition=Q(doors__gte=1), name="sampling_alloc_doors"),
        ]


class Ticket(_OfCampaign):
    """A household's ticket (凭证): an opaque code for a door; no name stands on it, nor anywhere behind it.

    `ordinal` is the door's place in its micro-grid's timetable; `number` that of the door where it is known.
    """

    place = models.ForeignKey(
        Place, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="+"
    )
    ordinal = models.PositiveIntegerField()
    floor_id = models.UUIDField()
    number = models.CharField(max_length=20, blank=True, default="")
    code = CodeField(max_length=10)

    class Meta:
        ordering = ["campaign", "place", "ordinal"]
        indexes = [models.Index(fields=["code"], name="sampling_ticket_by_code")]
        constraints = [
            models.UniqueConstraint(fields=["area", "campaign", "code"], name="sampling_ticket_code"),
            models.UniqueConstraint(
                fields=["area", "campaign", "place", "ordinal"], name="sampling_ticket_ordinal"
            ),
        ]


class Box(_OfCampaign):
    """A box of tubes handed over for transport (送检交接)."""

    point = models.ForeignKey(
        Point, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="+"
    )
    label = CodeField(max_length=32)
    taken_by = models.CharField(max_length=60)
    tubes = models.PositiveIntegerField()
    at = models.DateTimeField()

    class Meta:
        ordering = ["at", "id"]
        indexes = [models.Index(fields=["campaign", "point"], name="sampling_box_point")]


class Tube(_OfCampaign):
    """A tube (采样管): how many may share it, how many do, how far it is.

    `ticket_id` is the household of a tube of one household; `retest_id` the re-test that a single tube answers.
    """

    point = models.ForeignKey(
        Point, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="+"
    )
    table_no = models.PositiveSmallIntegerField()
    barcode = CodeField(max_length=20)
    pooling = CodeField(max_length=12)
    capacity = models.PositiveSmallIntegerField()
    filled = models.PositiveSmallIntegerField(default=0)
    state = CodeField(max_length=10, choices=_TUBE_STATES, default=OPEN)
    ticket_id = models.UUIDField(null=True)
    retest_id = models.UUIDField(null=True)
    box = models.ForeignKey(
        Box, on_delete=models.PROTECT, null=True, db_constraint=False, db_index=False, related_name="+"
    )
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    result_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["opened_at", "id"]
        indexes = [models.Index(fields=["campaign", "point", "state"], name="sampling_tube_point")]
        constraints = [
            models.UniqueConstraint(fields=["area", "campaign", "barcode"], name="sampling_tube_barcode"),
            models.CheckConstraint(condition=Q(filled__lte=F("capacity")), name="sampling_tube_room"),
        ]


class Act(_OfCampaign):
    """What a phone at a point told (现场记录); appended, never changed. `id` is made by the phone.

    It says how many came from which micro-grid, never which household: that link is CheckIn, which can be destroyed.
    """

    point = models.ForeignKey(
        Point, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="+"
    )
    place_id = models.UUIDField(null=True)
    tube_id = models.UUIDField(null=True)
    what = CodeField(max_length=10, choices=What.choices)
    table_no = models.PositiveSmallIntegerField(default=0)
    people = models.PositiveIntegerField(default=0)
    is_retest = models.BooleanField(default=False)
    account_id = models.UUIDField()
    happened_at = models.DateTimeField()
    received_at = models.DateTimeField()
    hash = models.BinaryField(max_length=32)

    class Meta:
        ordering = ["received_at", "id"]
        indexes = [
            models.Index(fields=["campaign", "received_at"], name="sampling_act_received"),
            models.Index(fields=["campaign", "point", "happened_at"], name="sampling_act_point"),
        ]


class CheckIn(_OfCampaign):
    """Who came (来点登记): the ticket of a household, the tube that it shares, how many of it.

    Personal data of health (敏感个人信息), for one purpose: to ask the right households again when a tube is not
    negative, and to know which doors have not come. Destroyed with the campaign's activation, else after 30 days.
    `once`: a parcel, of which a household gets one. Its id is that of the act.
    """

    place_id = models.UUIDField()
    ticket_id = models.UUIDField(null=True)
    tube = models.ForeignKey(
        Tube, on_delete=models.PROTECT, null=True, db_constraint=False, db_index=False, related_name="+"
    )
    people = models.PositiveSmallIntegerField()
    once = models.BooleanField(default=False)
    is_retest = models.BooleanField(default=False)
    at = models.DateTimeField()

    class Meta:
        ordering = ["at", "id"]
        indexes = [
            models.Index(fields=["campaign", "ticket_id"], name="sampling_checkin_ticket"),
            models.Index(fields=["area", "tube"], name="sampling_checkin_tube"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["area", "campaign", "ticket_id"], condition=Q(once=True), name="sampling_checkin_once"
            ),
            models.CheckConstraint(condition=Q(people__gte=1), name="sampling_checkin_people"),
        ]


class TubeResult(_OfCampaign):
    """A result told for a tube (检测结果), and each correction with its reason; appended, never changed."""

    tube = models.ForeignKey(
        Tube, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="+"
    )
    result = CodeField(max_length=10)
    reason = models.CharField(max_length=200, blank=True, default="")
    actor_id = models.UUIDField(null=True)
    actor_name = models.CharField(max_length=60)
    at = models.DateTimeField()

    class Meta:
        ordering = ["at", "id"]
        indexes = [models.Index(fields=["area", "tube"], name="sampling_result_tube")]


class Retest(_OfCampaign):
    """A household to be sampled again in single tubes (复采任务), because of a tube that was not negative.

    Sensitive as CheckIn is, and destroyed with it. One for each check-in of the tube, never two.
    """

    checkin = models.ForeignKey(
        CheckIn, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="+"
    )
    tube_id = models.UUIDField()
    ticket_id = models.UUIDField(null=True)
    place_id = models.UUIDField()
    people = models.PositiveSmallIntegerField()
    sampled = models.PositiveSmallIntegerField(default=0)
    negative = models.PositiveSmallIntegerField(default=0)
    state = CodeField(max_length=10, choices=_RETESTS, default=TODO)
    made_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["made_at", "id"]
        indexes = [
            models.Index(fields=["campaign", "state"], name="sampling_retest_state"),
            models.Index(fields=["area", "tube_id"], name="sampling_retest_tube"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["area", "checkin"], name="sampling_retest_once"),
            models.CheckConstraint(
                condition=Q(sampled__lte=F("people"), negative__lte=F("sampled")),
                name="sampling_retest_within",
            ),
        ]


class PointCount(models.Model):
    """The board of a point, or with `table_no` of one table (点位看板): computed in sets every few seconds."""

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="+", db_index=False)
    point_id = models.UUIDField()
    table_no = models.PositiveSmallIntegerField(default=0)
    planned = models.PositiveIntegerField(default=0)
    planned_now = models.PositiveIntegerField(default=0)
    come = models.PositiveIntegerField(default=0)
    hour = models.PositiveIntegerField(default=0)
    waiting = models.PositiveIntegerField(null=True)
    waiting_at = models.DateTimeField(null=True)
    tubes_open = models.PositiveIntegerField(default=0)
    tubes_closed = models.PositiveIntegerField(default=0)
    tubes_handed = models.PositiveIntegerField(default=0)
    tubes_told = models.PositiveIntegerField(default=0)
    last_at = models.DateTimeField(null=True)
    at = models.DateTimeField()

    class Meta:
        ordering = ["campaign", "point_id", "table_no"]
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "point_id", "table_no"], name="sampling_pointcount_once"
            )
        ]


class PlaceCount(models.Model):
    """Coverage under a place (各级覆盖): doors planned, doors and people that came."""

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="+", db_index=False)
    place = models.ForeignKey(
        Place, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="+"
    )
    doors = models.PositiveIntegerField()
    come_doors = models.PositiveIntegerField()
    come_people = models.PositiveIntegerField()
    at = models.DateTimeField()

    class Meta:
        ordering = ["campaign", "place"]
        constraints = [models.UniqueConstraint(fields=["campaign", "place"], name="sampling_placecount_once")]
