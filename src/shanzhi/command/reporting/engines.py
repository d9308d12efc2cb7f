"""What the engines below still have open, did, and count for a response (各模块的收尾、经过与数据).

Read here, in one place, from their own rows. Of people cared for at home there are counts only: the course of a
response is no list of the ill.
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db.models import F, Max, Sum

from shanzhi.base.access import Actor
from shanzhi.city.modes.happenings import Fact, Happening
from shanzhi.city.modes.standing import Open
from shanzhi.scenes.isolation import flow as isolation_flow
from shanzhi.scenes.isolation.models import Isolation
from shanzhi.scenes.sampling import flow as sampling_flow
from shanzhi.scenes.sampling.models import Act, Campaign, CampaignEvent
from shanzhi.work.rosters.flow import ON_POST
from shanzhi.work.rosters.models import Roster, Turn
from shanzhi.work.stock.flow import ISSUE
from shanzhi.work.stock.models import Entry
from shanzhi.work.sweeps.flow import ISSUED, SWEEP
from shanzhi.work.sweeps.models import PlaceCover, Sweep, SweepEvent


def open_sweeps(activation_id: UUID, at: datetime) -> Open:
    """Sweeps that are under way."""
    rows = Sweep.objects.filter(activation_id=activation_id, issued_at__isnull=False)
    return Open(rows.filter(state=ISSUED).count(), rows.count(), "/sweeps")


def open_posts(activation_id: UUID, at: datetime) -> Open:
    """People who stand at a post, and rosters that go on."""
    rosters = Roster.objects.filter(activation_id=activation_id)
    there = Turn.objects.filter(shift__roster__in=rosters, state=ON_POST).count()
    going_on = rosters.filter(ended_at=None).count()
    return Open(there + going_on, rosters.count() + there, "/rosters")


def open_stock(activation_id: UUID, at: datetime) -> Open:
    """Articles of a store that are still out, or reserved."""
    rows = Entry.objects.filter(activation_id=activation_id).order_by().values("store_id", "item")
    sums = list(rows.annotate(still_out=Sum("out"), still_reserved=Sum("reserved")))
    left = [one for one in sums if one["still_out"] > 0 or one["still_reserved"] > 0]
    return Open(len(left), len(sums), "/stock")


def open_isolations(activation_id: UUID, at: datetime) -> Open:
    """People who are not released yet."""
    rows = Isolation.objects.filter(activation_id=activation_id)
    return Open(rows.filter(ended_at=None).count(), rows.count(), "/care")


def open_campaigns(activation_id: UUID, at: datetime) -> Open:
    """Campaigns of sampling or distribution that are not over, drafts too."""
    rows = Campaign.objects.filter(activation_id=activation_id)
    over = [sampling_flow.ENDED, sampling_flow.DROPPED]
    return Open(rows.exclude(state__in=over).count(), rows.count(), "/sampling")


def of_sweeps(activation_id: UUID, actor: Actor, at: datetime) -> Iterable[Happening]:
    """Sweeps from draft to end."""
    rows = SweepEvent.objects.filter(sweep__activation_id=activation_id).select_related("sweep")
    for event in rows.exclude(verb="edit").order_by("at", "id"):
        edge = next((one for one in SWEEP.edges if one.verb == event.verb), None)
        zh, en = (
            (edge.zh, edge.en)
            if edge
            else ("拟制", "Drafted")
            if event.verb == "draft"
            else (event.verb, event.verb)
        )
        sweep, why = event.sweep, f"：{event.reason}" if event.reason else ""
        doors = f"（{sweep.doors:,} 户）" if event.to_state == ISSUED and sweep.doors else ""
        yield Happening(
            event.at, "sweeps", event.actor_name, f"敲门行动 {sweep.number}《{sweep.title}》{zh}{doors}{why}",
            f"Sweep {sweep.number} {sweep.title}: {en}{why}", f"/sweeps/{sweep.id}",
        )  # fmt: skip


def of_posts(activation_id: UUID, actor: Actor, at: datetime) -> Iterable[Happening]:
    """Rosters that began and ended."""
    for row in Roster.objects.filter(activation_id=activation_id):
        yield Happening(
            row.made_at,
            "rosters",
            row.made_by,
            f"值守《{row.name}》排定",
            f"Roster {row.name} made",
            "/rosters",
        )
        if row.ended_at is not None:
            yield Happening(
                row.ended_at, "rosters", row.ended_by, f"值守《{row.name}》结束：{row.end_reason}",
                f"Roster {row.name} ended: {row.end_reason}", "/rosters",
            )  # fmt: skip


_CAMPAIGN_VERBS = {edge.verb: (edge.zh, edge.en) for edge in sampling_flow.CAMPAIGN.edges}
_CAMPAIGN_VERBS["draft"] = ("拟制", "Drafted")


def of_campaigns(activation_id: UUID, actor: Actor, at: datetime) -> Iterable[Happening]:
    """Campaigns from proposal to end; what was done to single points and slots stands on their own page."""
    rows = CampaignEvent.objects.filter(campaign__activation_id=activation_id, verb__in=_CAMPAIGN_VERBS)
    for event in rows.select_related("campaign").order_by("at", "id"):
        zh, en = _CAMPAIGN_VERBS[event.verb]
        one, why = event.campaign, f"：{event.reason}" if event.reason else ""
        people = f"（{one.people:,} 人）" if event.verb == "issue" and one.people else ""
        yield Happening(
            event.at, "sampling", event.actor_name, f"采样与发放 {one.number}《{one.title}》{zh}{people}{why}",
            f"Campaign {one.number} {one.title}: {en}{why}", f"/sampling/{one.id}",
        )  # fmt: skip


def sampling_facts(activation_id: UUID, at: datetime) -> Iterable[Fact]:
    """How many came to the points, of how many planned: counts of acts, which name no household."""
    rows = Campaign.objects.filter(activation_id=activation_id, issued_at__lte=at)
    planned: dict[str, int] = {}
    for one in rows:
        planned[one.kind] = planned.get(one.kind, 0) + one.people
    came = dict(
        Act.objects.filter(campaign__in=rows, happened_at__lte=at, is_retest=False, what="check_in")
        .order_by().values_list("campaign__kind").annotate(Sum("people"))
    )  # fmt: skip
    for kind, code, zh, en in (
        (sampling_flow.Kind.SAMPLING, "sampling-people", "已采样", "people sampled"),
        (sampling_flow.Kind.DISTRIBUTION, "distribution-people", "已发放", "people given something"),
    ):
        if kind in planned:
            yield Fact(code, zh, en, came.get(kind, 0), "人次", of=planned[kind])


def sweep_facts(activation_id: UUID, at: datetime) -> Iterable[Fact]:
    """Doors of the snapshots, and those with a result: the newest turn of each sweep, at its own places."""
    rows = Sweep.objects.filter(activation_id=activation_id, issued_at__lte=at)
    if not rows:
        return
    doors = sum(one.doors or 0 for one in rows)
    settled = 0
    for one in rows:
        covers = PlaceCover.objects.filter(sweep=one, place_id__in=one.place_ids)
        newest = covers.aggregate(turn=Max("turn"))["turn"]
        found = covers.filter(turn=newest).aggregate(
            count=Sum(F("visited") + F("refused") + F("vacant") + F("help") + F("wrong"))
        )
        settled += found["count"] or 0
    yield Fact("sweeps", "敲门行动", "sweeps", len(rows), "次")
    yield Fact("sweeps-doors", "已有结果", "doors with a result", settled, "户", of=doors)


def people_facts(activation_id: UUID, at: datetime) -> Iterable[Fact]:
    """How many people stood at posts, and how many were cared for at home."""
    turns = Turn.objects.filter(shift__roster__activation_id=activation_id, signed_on_at__lte=at)
    if people := turns.order_by().values("person_id").distinct().count():
        yield Fact("rosters-people", "到岗值守", "people on post", people, "人")
    cared = Isolation.objects.filter(activation_id=activation_id, begun_at__lte=at)
    cared = cared.exclude(state__in=[isolation_flow.REFERRED, isolation_flow.DROPPED])
    if count := cared.count():
        yield Fact("isolations", "居家照护", "people cared for at home", count, "人")


def stock_facts(activation_id: UUID, at: datetime) -> Iterable[Fact]:
    """How many pieces left the stores."""
    rows = Entry.objects.filter(activation_id=activation_id, kind=ISSUE, at__lte=at)
    if count := rows.aggregate(count=Sum("out"))["count"]:
        yield Fact("stock-issued", "出库物资", "articles issued", count, "件")
