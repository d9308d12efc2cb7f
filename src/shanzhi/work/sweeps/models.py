"""Tables of sweeps. Sweeps, their turns and roll-ups serve every area; doors and visits grow by area."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from shanzhi.base.rows import CodeField, GrowingRow
from shanzhi.base.rows.encryption import EncryptedField
from shanzhi.city.compounds.models import Floor
from shanzhi.city.people.models import Account
from shanzhi.city.places.models import Place
from shanzhi.core.kit.ids import uuid7
from shanzhi.work.sweeps.flow import DRAFT, SWEEP, FollowKind, FollowState, Result

_STATES = [(state.code, f"{state.zh} {state.en}") for state in SWEEP.states]


class Sweep(models.Model):
    """A sweep (敲门行动): which doors of which places, with which form, how often, until when.

    A reference table. What was issued is never changed: a correction is a new sweep that supersedes it. `targets` are
    homes, shops, compounds, or priority (only doors of the priority list, with one of `reasons`). `doors` is the
    snapshot: 100 % means these. `group_purpose` and `group_basis`: why doors were listed by a file for this sweep.
    `answers_erased_at`: what people answered is destroyed; counts stay.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    number = CodeField(max_length=24, unique=True)
    place = models.ForeignKey(Place, on_delete=models.PROTECT, related_name="+", db_index=False)
    template = CodeField(max_length=32, blank=True, default="")
    title = models.CharField(max_length=60)
    body = models.TextField(max_length=2000, blank=True, default="")
    place_ids = ArrayField(models.UUIDField())
    outline = models.BinaryField(null=True)
    targets = ArrayField(CodeField(max_length=12))
    reasons = ArrayField(CodeField(max_length=20), default=list)
    form = CodeField(max_length=32)
    form_version = models.PositiveSmallIntegerField(null=True)
    cadence = CodeField(max_length=32)
    per_head = models.PositiveSmallIntegerField()
    until_at = models.DateTimeField()
    is_drill = models.BooleanField(default=False)
    activation_id = models.UUIDField(null=True)
    state = CodeField(max_length=12, choices=_STATES, default=DRAFT)
    supersedes = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, related_name="superseded_by"
    )
    drafted_by_id = models.UUIDField()
    drafted_by = models.CharField(max_length=60)
    drafted_at = models.DateTimeField()
    issued_by = models.CharField(max_length=60, blank=True, default="")
    issued_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    doors = models.PositiveIntegerField(null=True)
    group_purpose = models.CharField(max_length=100, blank=True, default="")
    group_basis = CodeField(max_length=10, blank=True, default="")
    answers_erased_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-drafted_at", "-id"]
        indexes = [
            models.Index(fields=["place", "-drafted_at"], name="sweeps_sweep_place"),
            models.Index(fields=["state"], name="sweeps_sweep_state"),
            models.Index(
                fields=["activation_id"], name="sweeps_sweep_activation",
                condition=Q(activation_id__isnull=False),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.number} {self.title}"


class SweepEvent(models.Model):
    """What was done to a sweep (行动记录); appended, never changed."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    sweep = models.ForeignKey(Sweep, on_delete=models.PROTECT, related_name="events", db_index=False)
    verb = CodeField(max_length=16)
    from_state = CodeField(max_length=12, blank=True, default="")
    to_state = CodeField(max_length=12)
    actor_id = models.UUIDField(null=True)
    actor_name = models.CharField(max_length=60)
    reason = models.CharField(max_length=200, blank=True, default="")
    at = models.DateTimeField()

    class Meta:
        ordering = ["at", "id"]
        indexes = [models.Index(fields=["sweep", "at"], name="sweeps_event_sweep")]


class Piece(GrowingRow):
    """Doors of one compound in one micro-grid (片), or in the place that is known of it: fixed at issue.

    Its doors are numbered from 0 along its stretches: stretch i is `counts[i]` doors of `units[i]` (a floor, or a
    compound of which only totals are known), from the `firsts[i]`th on, of `kinds[i]` (see `flow.Unit`).
    `group_id` is the grid, else the community, whose workers go there together.
    `priority` are the numbers that are visited first. `anchor_on` is day 1 of its cadence: a restart moves it.
    """

    sweep = models.ForeignKey(
        Sweep, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="+"
    )
    place = models.ForeignKey(
        Place, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="+"
    )
    group_id = models.UUIDField()
    compound_id = models.UUIDField()
    units = ArrayField(models.UUIDField())
    kinds = ArrayField(models.SmallIntegerField())
    firsts = ArrayField(models.IntegerField())
    counts = ArrayField(models.IntegerField())
    doors = models.PositiveIntegerField()
    priority = ArrayField(models.IntegerField(), default=list)
    anchor_on = models.DateField()

    class Meta:
        ordering = ["sweep", "id"]
        indexes = [models.Index(fields=["sweep", "place"], name="sweeps_piece_place")]


class Turn(models.Model):
    """A turn of a sweep (轮次): the same doors once. A sweep that is gone through once has one, number 0.

    Of a cadence, `number` is the slot since the first day; `closes_at` is when it is due. `revisits` counts how often
    its remaining doors were divided anew (复访). The counts are those of all its pieces.
    """

    sweep = models.ForeignKey(Sweep, on_delete=models.PROTECT, related_name="turns", db_index=False)
    number = models.PositiveSmallIntegerField()
    zh = models.CharField(max_length=40)
    en = models.CharField(max_length=40)
    opens_at = models.DateTimeField()
    closes_at = models.DateTimeField()
    revisits = models.PositiveSmallIntegerField(default=0)
    doors = models.PositiveIntegerField(default=0)
    visited = models.PositiveIntegerField(default=0)
    absent = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    vacant = models.PositiveIntegerField(default=0)
    help = models.PositiveIntegerField(default=0)
    wrong = models.PositiveIntegerField(default=0)
    at = models.DateTimeField()

    class Meta:
        ordering = ["sweep", "number"]
        constraints = [models.UniqueConstraint(fields=["sweep", "number"], name="sweeps_turn_number")]


class TurnPiece(GrowingRow):
    """How far a turn got in a piece (片况): a byte of state for each door, and how many there are of each.

    Written by folding only. `doors` are those that are due in the turn: of the others the byte is `flow.NOT_DUE`.
    What else it holds is the piece's own, for those who read by it.
    """

    piece = models.ForeignKey(
        Piece, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="+"
    )
    sweep_id = models.UUIDField()
    turn = models.PositiveSmallIntegerField()
    place_id = models.UUIDField()
    group_id = models.UUIDField()
    compound_id = models.UUIDField()
    doors = models.PositiveIntegerField()
    states = models.BinaryField()
    visited = models.PositiveIntegerField(default=0)
    absent = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    vacant = models.PositiveIntegerField(default=0)
    help = models.PositiveIntegerField(default=0)
    wrong = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["sweep_id", "turn", "id"]
        indexes = [models.Index(fields=["sweep_id", "turn", "place_id"], name="sweeps_turnpiece_place")]
        constraints = [
            models.UniqueConstraint(fields=["area", "piece", "turn"], name="sweeps_turnpiece_once"),
        ]


class DoorCourse(GrowingRow):
    """A rule began the days of a door anew, or made them longer (门户计天): by one visit, each rule once.

    `from_on` is day 1 from then on, or `to_on` the last day. `rule` tells of an answer: when the answers are
    destroyed it becomes a number, -1. Written with the visit, in its transaction.
    """

    piece = models.ForeignKey(
        Piece, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="+"
    )
    sweep_id = models.UUIDField()
    place_id = models.UUIDField()
    door = models.PositiveIntegerField()
    rule = CodeField(max_length=20, blank=True, default="")
    from_on = models.DateField(null=True)
    to_on = models.DateField(null=True)
    visit_id = models.UUIDField()
    at = models.DateTimeField()

    class Meta:
        ordering = ["at", "id"]
        indexes = [models.Index(fields=["sweep_id", "piece"], name="sweeps_doorcourse_sweep")]
        constraints = [
            models.UniqueConstraint(fields=["area", "visit_id", "rule"], name="sweeps_doorcourse_once"),
        ]


class Share(GrowingRow):
    """The doors of a piece on somebody's list for a turn (派单) in the order of walking."""

    piece = models.ForeignKey(
        Piece, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="+"
    )
    sweep_id = models.UUIDField()
    turn = models.PositiveSmallIntegerField()
    account_id = models.UUIDField()
    group_id = models.UUIDField()
    position = models.PositiveSmallIntegerField()
    doors = ArrayField(models.IntegerField())

    class Meta:
        ordering = ["sweep_id", "turn", "account_id", "position"]
        indexes = [
            models.Index(fields=["account_id", "sweep_id", "turn"], name="sweeps_share_account"),
            models.Index(fields=["sweep_id", "turn", "group_id"], name="sweeps_share_group"),
        ]


class Crew(models.Model):
    """Who shares the doors of a group of pieces in a turn (分组人员): by it, a change of people is seen.

    `group_id` is the grid, or the place, whose workers go together; `people` are their accounts, sorted.
    """

    sweep = models.ForeignKey(Sweep, on_delete=models.PROTECT, related_name="+", db_index=False)
    turn = models.PositiveSmallIntegerField()
    group_id = models.UUIDField()
    people = ArrayField(models.UUIDField())
    doors = models.PositiveIntegerField()
    at = models.DateTimeField()

    class Meta:
        ordering = ["sweep", "turn", "group_id"]
        constraints = [
            models.UniqueConstraint(fields=["sweep", "turn", "group_id"], name="sweeps_crew_group"),
        ]


class Away(models.Model):
    """Somebody who can visit no doors for a while (暂不能走访). No reason is asked. A reference table."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+", db_index=False)
    from_at = models.DateTimeField()
    to_at = models.DateTimeField(null=True)
    noted_by_id = models.UUIDField()

    class Meta:
        ordering = ["-from_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["account"], condition=Q(to_at=None), name="sweeps_away_open"),
        ]


class Visit(GrowingRow):
    """A visit to a door (走访): what came of it and when. Appended; only its times become coarser, after seven days.

    `id` is made by the phone: the same again is the same visit; `hash` (with a key) tells a repetition from another
    content. What people answered stands, encrypted, at `position` of the submission. A visit belongs to a piece and a
    turn that were looked up in the statement that wrote it, so no constraint looks them up again. Column `written`
    (the writing transaction) is the database's own. `simulated`: nobody was there, a drill's simulated person was.
    """

    sweep_id = models.UUIDField()
    piece_id = models.UUIDField()
    turn = models.PositiveSmallIntegerField()
    door = models.PositiveIntegerField()
    result = models.SmallIntegerField(choices=Result.choices)
    account_id = models.UUIDField()
    happened_at = models.DateTimeField()
    received_at = models.DateTimeField()
    revisit_at = models.DateTimeField(null=True)
    submission_id = models.UUIDField()
    position = models.PositiveSmallIntegerField()
    hash = models.BinaryField(max_length=16)
    simulated = models.BooleanField(default=False, db_default=False)

    class Meta:
        ordering = ["happened_at", "id"]
        indexes = [models.Index(fields=["piece_id", "turn", "door"], name="sweeps_visit_door")]


class Submission(GrowingRow):
    """What a phone sent, as it sent it (原始提交), encrypted: items of one person and one sweep, a JSON array.

    The only place of what people answered. `raw` is blanked when it is to be destroyed; the visits stay as counts.
    """

    sweep_id = models.UUIDField()
    account_id = models.UUIDField()
    received_at = models.DateTimeField()
    raw = models.BinaryField(null=True)

    class Meta:
        ordering = ["received_at", "id"]
        indexes = [models.Index(fields=["sweep_id", "received_at"], name="sweeps_submission_sweep")]


class FollowUp(GrowingRow):
    """What a visit leads to (后续): a case for who needs help, or a correction of the registry for a manager.

    `unit_id`, `unit_kind` and `door` say which door, `doors` how many there are in truth, `what` in which way the
    registry is wrong. `case_id` is the case that it became: made from the visit's own id, so there is one.
    """

    visit_id = models.UUIDField()
    sweep_id = models.UUIDField()
    piece = models.ForeignKey(
        Piece, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="+"
    )
    place_id = models.UUIDField()
    door = models.PositiveIntegerField()
    kind = CodeField(max_length=8, choices=FollowKind.choices)
    state = CodeField(max_length=10, choices=FollowState.choices, default=FollowState.WAITING)
    what = CodeField(max_length=12, blank=True, default="")
    doors = models.PositiveIntegerField(null=True)
    note = EncryptedField(null=True)
    case_id = models.UUIDField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    made_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)
    settled_by = models.CharField(max_length=60, blank=True, default="")
    reason = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        ordering = ["made_at", "id"]
        indexes = [
            models.Index(
                fields=["kind", "made_at"], name="sweeps_followup_waiting", condition=Q(state="waiting")
            ),
            models.Index(fields=["sweep_id", "kind"], name="sweeps_followup_sweep"),
        ]
        constraints = [models.UniqueConstraint(fields=["area", "visit_id"], name="sweeps_followup_visit")]


class PriorityDoor(GrowingRow):
    """A door that is visited first (重点关爱): by consent or by statute, with a neutral reason; no name, no illness.

    `door` is the number of the home on its floor, from 0, in the order of its doors.
    """

    floor = models.ForeignKey(
        Floor, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="+"
    )
    door = models.PositiveIntegerField()
    reason = CodeField(max_length=20)
    basis = CodeField(max_length=10)
    given_by_id = models.UUIDField()
    given_by = models.CharField(max_length=60)
    given_at = models.DateTimeField()
    until_on = models.DateField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["given_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["area", "floor", "door", "reason"],
                condition=Q(ended_at=None),
                name="sweeps_prioritydoor_once",
            ),
        ]


class GroupDoor(GrowingRow):
    """A door of the list that came by a file for one sweep (名单门户): where, and nothing of who lives there.

    Why stands with the sweep. Destroyed when the sweep is over. `door` as with `PriorityDoor`.
    """

    sweep = models.ForeignKey(
        Sweep, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="+"
    )
    floor = models.ForeignKey(
        Floor, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="+"
    )
    door = models.PositiveIntegerField()
    given_at = models.DateTimeField()

    class Meta:
        ordering = ["given_at", "id"]
        indexes = [models.Index(fields=["sweep"], name="sweeps_groupdoor_sweep")]
        constraints = [
            models.UniqueConstraint(fields=["area", "sweep", "floor", "door"], name="sweeps_groupdoor_once"),
        ]


class PlaceCover(models.Model):
    """How far a turn got under a place (各级覆盖): changed with every fold. A reference table."""

    sweep = models.ForeignKey(Sweep, on_delete=models.PROTECT, related_name="+", db_index=False)
    turn = models.PositiveSmallIntegerField()
    place = models.ForeignKey(
        Place, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="+"
    )
    doors = models.PositiveIntegerField()
    visited = models.IntegerField(default=0)
    absent = models.IntegerField(default=0)
    refused = models.IntegerField(default=0)
    vacant = models.IntegerField(default=0)
    help = models.IntegerField(default=0)
    wrong = models.IntegerField(default=0)

    class Meta:
        ordering = ["sweep", "turn", "place"]
        constraints = [
            models.UniqueConstraint(fields=["sweep", "turn", "place"], name="sweeps_placecover_place"),
        ]


class CoverCount(models.Model):
    """How far a turn got, a line every few seconds while it changes (覆盖曲线). The curve of the board."""

    sweep = models.ForeignKey(Sweep, on_delete=models.PROTECT, related_name="+", db_index=False)
    turn = models.PositiveSmallIntegerField()
    at = models.DateTimeField()
    doors = models.PositiveIntegerField()
    settled = models.PositiveIntegerField()
    absent = models.PositiveIntegerField()

    class Meta:
        ordering = ["sweep", "turn", "at"]
        constraints = [
            models.UniqueConstraint(fields=["sweep", "turn", "at"], name="sweeps_covercount_at"),
        ]


class FoldMark(models.Model):
    """One row: visits written by transactions below `written` are folded."""

    id = models.PositiveSmallIntegerField(primary_key=True)
    written = models.BigIntegerField(default=0)
