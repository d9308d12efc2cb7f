"""Tables of orders. Orders are few and serve every area; who gets one, and what they answer, grows by area."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from shanzhi.base.rows import CodeField, GrowingRow
from shanzhi.city.people.models import Account, Post
from shanzhi.city.places.models import Place
from shanzhi.core.kit.ids import uuid7
from shanzhi.work.orders.flow import (
    DRAFT,
    ISSUED,
    ORDER,
    PROPOSED,
    Answer,
    CallOutcome,
    Mismatch,
    Reach,
    RungKind,
    RungState,
    Standing,
)

_STATES = [(state.code, f"{state.zh} {state.en}") for state in ORDER.states]


class Order(models.Model):
    """An order (指令): one plain sentence, whom it goes to, what they are to answer, until when.

    A reference table. What was issued is never changed: a correction is a new order that supersedes it.
    `place` is where it was made; it goes to the holders of `post_kinds` under `place_ids`, narrowed by `outline`
    (WKB, WGS-84) and `skills` where given. `household_rule` says which doors it is about, `compound_ids` in which
    compounds where the rule wants them named; `households` is how many those were on the day of issue. `rolled_at` up
    to which line of the curve its places were counted. With `activation_level` it is what a plan's level holds, under
    way once.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    number = CodeField(max_length=24, unique=True)
    place = models.ForeignKey(Place, on_delete=models.PROTECT, related_name="+", db_index=False)
    template = CodeField(max_length=32, blank=True, default="")
    title = models.CharField(max_length=60)
    sentence = models.CharField(max_length=120)
    body = models.TextField(max_length=4000, blank=True, default="")
    place_ids = ArrayField(models.UUIDField())
    outline = models.BinaryField(null=True)
    post_kinds = ArrayField(CodeField(max_length=32))
    skills = ArrayField(models.CharField(max_length=20), default=list)
    household_rule = CodeField(max_length=32, default="all", db_default="all")
    compound_ids = ArrayField(models.UUIDField(), default=list, db_default=[])
    answers = ArrayField(CodeField(max_length=12))
    asks = models.JSONField(default=list)
    until_at = models.DateTimeField()
    ladder = CodeField(max_length=32)
    is_drill = models.BooleanField(default=False)
    activation_id = models.UUIDField(null=True)
    activation_level = models.PositiveSmallIntegerField(null=True)
    state = CodeField(max_length=12, choices=_STATES, default=DRAFT)
    supersedes = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, related_name="superseded_by"
    )
    drafted_by_id = models.UUIDField()
    drafted_by = models.CharField(max_length=60)
    drafted_at = models.DateTimeField()
    confirmed_by = models.CharField(max_length=60, blank=True, default="")
    issued_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    people = models.PositiveIntegerField(null=True)
    households = models.PositiveIntegerField(null=True)
    rolled_at = models.DateTimeField(null=True)
    counted_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-drafted_at", "-id"]
        indexes = [
            models.Index(fields=["place", "-drafted_at"], name="orders_order_place"),
            models.Index(fields=["state"], name="orders_order_state"),
            models.Index(
                fields=["activation_id"],
                name="orders_order_activation",
                condition=Q(activation_id__isnull=False),
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["activation_id", "template"],
                condition=Q(activation_level__isnull=False, state__in=[DRAFT, PROPOSED, ISSUED]),
                name="orders_order_of_level",
            )
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.title}"


class OrderEvent(models.Model):
    """What was done to an order (指令记录); appended, never changed."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="events", db_index=False)
    verb = CodeField(max_length=16)
    from_state = CodeField(max_length=12, blank=True, default="")
    to_state = CodeField(max_length=12)
    actor_id = models.UUIDField(null=True)
    actor_name = models.CharField(max_length=60)
    reason = models.CharField(max_length=200, blank=True, default="")
    at = models.DateTimeField()

    class Meta:
        ordering = ["at", "id"]
        indexes = [models.Index(fields=["order", "at"], name="orders_event_order")]


class Rung(models.Model):
    """A rung of an order's ladder (叫应阶梯): whoever is silent when it is due gets the next thing.

    `per_second` limits how fast it goes out; `wanted` is how many were silent when it began.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="rungs", db_index=False)
    position = models.PositiveSmallIntegerField()
    kind = CodeField(max_length=8, choices=RungKind.choices)
    channel = CodeField(max_length=16, blank=True, default="")
    per_second = models.PositiveIntegerField(null=True)
    after_seconds = models.PositiveIntegerField()
    due_at = models.DateTimeField(null=True)
    state = CodeField(max_length=8, choices=RungState.choices, default=RungState.WAITING)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    wanted = models.PositiveIntegerField(null=True)

    class Meta:
        ordering = ["order", "position"]
        indexes = [
            models.Index(
                fields=["due_at"], name="orders_rung_due", condition=Q(state="waiting", due_at__isnull=False)
            )
        ]
        constraints = [
            models.UniqueConstraint(fields=["order", "position"], name="orders_rung_position"),
        ]


class Recipient(GrowingRow):
    """One person who gets an order (接收人): the frozen audience, and how far the order got with them.

    `post` and `place` are what made them one when it was issued. A deputy or the upper grid is asked for
    `instead_of` when that person stayed silent. The instants are the earliest that a receipt told, folded in sets;
    reach is counted by nothing else. Whom it refers to are rows that nobody deletes, read in the same statement that
    writes the audience: no constraint looks them up 150,000 times again.
    """

    order = models.ForeignKey(
        Order, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="+"
    )
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="+"
    )
    post = models.ForeignKey(
        Post, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="+"
    )
    place = models.ForeignKey(
        Place, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="+"
    )
    standing = CodeField(max_length=8, choices=Standing.choices, default=Standing.OWN)
    instead_of = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, db_constraint=False, db_index=False, related_name="+"
    )
    state = CodeField(max_length=12, choices=Reach.choices, default=Reach.QUEUED)
    sent_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)
    acknowledged_at = models.DateTimeField(null=True)
    working_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    cannot_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["order", "id"]
        indexes = [
            models.Index(fields=["account", "order"], name="orders_recipient_account"),
            models.Index(fields=["order", "place"], name="orders_recipient_place"),
            models.Index(
                fields=["order", "-cannot_at"], name="orders_recipient_cannot", condition=Q(state="cannot")
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["area", "order", "account"],
                condition=Q(instead_of=None),
                name="orders_recipient_once",
            ),
            models.UniqueConstraint(
                fields=["area", "order", "account", "instead_of"],
                condition=Q(instead_of__isnull=False),
                name="orders_recipient_once_instead",
            ),
        ]


class Receipt(GrowingRow):
    """What a phone or its holder answered (回执); appended, never changed, in the order of arrival.

    `id` is made by the phone: the same again is the same receipt. `hash`, keyed, tells a repetition from another
    content. What was said with it stands in `Said`. Column `written` (the writing transaction) is the database's own.
    `simulated`: nobody's phone sent it, a drill's simulated person did.
    """

    recipient = models.ForeignKey(
        Recipient, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="receipts"
    )
    answer = CodeField(max_length=12, choices=Answer.choices)
    happened_at = models.DateTimeField()
    received_at = models.DateTimeField()
    hash = models.BinaryField(max_length=32)
    simulated = models.BooleanField(default=False, db_default=False)

    class Meta:
        ordering = ["received_at", "id"]
        indexes = [models.Index(fields=["area", "recipient"], name="orders_receipt_recipient")]


class Said(GrowingRow):
    """What somebody said in words (回复内容), with a receipt or of a call, whose `id` it bears.

    Beside the history, not in it: receipts and calls stay, this is destroyed with its activation or after its days.
    Nothing here is changed. `reason` is why it cannot be done, or what a call told; `answers` are those to the
    order's questions.
    """

    recipient = models.ForeignKey(
        Recipient, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="+"
    )
    reason = models.CharField(max_length=200, blank=True, default="")
    answers = models.JSONField(null=True)
    at = models.DateTimeField()

    class Meta:
        ordering = ["at", "id"]
        indexes = [
            models.Index(fields=["area", "recipient"], name="orders_said_recipient"),
            models.Index(fields=["at"], name="orders_said_at"),
        ]


class FoldMark(models.Model):
    """One row: receipts written by transactions below `written` are folded into their recipients."""

    id = models.PositiveSmallIntegerField(primary_key=True)
    written = models.BigIntegerField(default=0)


class ReachCount(models.Model):
    """How far an order got, a line every few seconds while it changes (到达曲线). The curve of the board."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="counts", db_index=False)
    at = models.DateTimeField()
    people = models.PositiveIntegerField()
    sent = models.PositiveIntegerField()
    delivered = models.PositiveIntegerField()
    acknowledged = models.PositiveIntegerField()
    working = models.PositiveIntegerField(default=0, db_default=0)
    done = models.PositiveIntegerField()
    cannot = models.PositiveIntegerField()

    class Meta:
        ordering = ["order", "at"]
        constraints = [
            models.UniqueConstraint(fields=["order", "at"], name="orders_reachcount_at"),
            models.CheckConstraint(
                condition=Q(sent__lte=F("people"), delivered__lte=F("people"), acknowledged__lte=F("people")),
                name="orders_reachcount_within",
            ),
        ]


class PlaceReach(models.Model):
    """How far an order got under a place (各级到达): rolled up in one set every few seconds.

    A reference table: an order has as many lines as there are places above its people. Of those it was sent to, each
    has it (`delivered`), cannot be had by any message tried (`failed`), or is pending: the rest.
    """

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="+", db_index=False)
    place = models.ForeignKey(
        Place, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="+"
    )
    people = models.PositiveIntegerField()
    sent = models.PositiveIntegerField(default=0, db_default=0)
    delivered = models.PositiveIntegerField()
    failed = models.PositiveIntegerField(default=0, db_default=0)
    acknowledged = models.PositiveIntegerField()
    working = models.PositiveIntegerField(default=0, db_default=0)
    done = models.PositiveIntegerField()
    cannot = models.PositiveIntegerField()
    at = models.DateTimeField()

    class Meta:
        ordering = ["order", "place"]
        constraints = [
            models.UniqueConstraint(fields=["order", "place"], name="orders_placereach_place"),
            models.CheckConstraint(
                condition=Q(people__gte=F("sent"), sent__gte=F("delivered") + F("failed")),
                name="orders_placereach_adds_up",
            ),
        ]


class Discrepancy(models.Model):
    """Numbers of an order that did not add up (对账差异), found by the job that looks every minute.

    `wanted` and `found` are the two counts as last seen; `repaired` rows were put right. Open until `closed_at`: the
    board shows it. A reference table: rows here are rare.
    """

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="discrepancies", db_index=False)
    kind = CodeField(max_length=12, choices=Mismatch.choices)
    detail = CodeField(max_length=32, blank=True, default="")
    wanted = models.IntegerField()
    found = models.IntegerField()
    repaired = models.PositiveIntegerField(default=0)
    first_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["order", "first_at", "id"]
        indexes = [models.Index(fields=["order", "first_at"], name="orders_discrepancy_order")]
        constraints = [
            models.UniqueConstraint(
                fields=["order", "kind", "detail"],
                condition=Q(closed_at=None),
                name="orders_discrepancy_open",
            )
        ]


class CallThrough(GrowingRow):
    """Somebody rang a person who had stayed silent (叫应); appended, never changed.

    It is no receipt and counts as none. What was told stands in `Said`.
    """

    recipient = models.ForeignKey(
        Recipient, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="+"
    )
    outcome = CodeField(max_length=12, choices=CallOutcome.choices)
    actor_id = models.UUIDField()
    actor_name = models.CharField(max_length=60)
    at = models.DateTimeField()

    class Meta:
        ordering = ["at", "id"]
        indexes = [models.Index(fields=["area", "recipient"], name="orders_callthrough_recipient")]
