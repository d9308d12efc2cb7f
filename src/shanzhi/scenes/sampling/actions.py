"""The verbs of campaigns: the only writers of a campaign, its points and its timetable."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils.timezone import localdate, localtime

from shanzhi.base.access import Actor
from shanzhi.base.access.capabilities import LABELS, SAMPLING_MANAGE
from shanzhi.base.audit import actions as audit
from shanzhi.base.outbox import actions as outbox
from shanzhi.city.people.models import Account
from shanzhi.city.places.models import Place
from shanzhi.core.flow import Edge
from shanzhi.core.kit.errors import InvalidInput, NotFound, Refused
from shanzhi.core.kit.texts import text_of
from shanzhi.scenes.sampling import packs, planning, queries, tickets
from shanzhi.scenes.sampling.drafting import Draft, checked
from shanzhi.scenes.sampling.errors import NoMicrogrids, PlanShort, SecondPerson
from shanzhi.scenes.sampling.flow import CAMPAIGN, DRAFT, ENDED, ISSUED, PROPOSED, Kind
from shanzhi.scenes.sampling.ground import ground
from shanzhi.scenes.sampling.models import Campaign, CampaignEvent
from shanzhi.work.orders.drafting import home_of

TOPIC = "sampling"
_NUMBERS = 0x73616D70  # the lock under which campaigns are numbered: "samp"


def _number(kind: str, at: datetime) -> str:
    """The next number of the day: CY (采样) or FF (发放) and the day, then 001 …"""
    head = f"{'CY' if kind == str(Kind.SAMPLING) else 'FF'}{localdate(at):%Y%m%d}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_NUMBERS])
        cursor.execute("SELECT count(*) FROM sampling_campaign WHERE number LIKE %s", [f"{head}-%"])
        row = cursor.fetchone()
    return f"{head}-{(row[0] if row else 0) + 1:03d}"


def note(campaign: Campaign, verb: str, source: str, actor: Actor, at: datetime, reason: str = "") -> None:
    """Append what was done to a campaign."""
    CampaignEvent.objects.create(
        campaign=campaign, verb=verb, from_state=source, to_state=campaign.state, actor_id=actor.account_id,
        actor_name=actor.name[:60], reason=reason[:300], at=at,
    )  # fmt: skip


def preview(draft: Draft, *, actor: Actor, at: datetime) -> planning.Wanted:
    """What it would need, without writing anything (预览). Raises as `create` does."""
    columns = checked(draft, at)
    _home(actor, columns["place_ids"], at)
    found = ground(columns["place_ids"], columns["first_on"])
    if not found.ids:
        raise NoMicrogrids(field="place_ids")
    return planning.wanted(Campaign(**columns), found, at)


def create(draft: Draft, *, actor: Actor, at: datetime) -> Campaign:
    """Draft a campaign (拟制) and plan it: points, slots. Raises InvalidInput, NotFound, Refused, NoMicrogrids."""
    columns = checked(draft, at)
    place_id = _home(actor, columns["place_ids"], at)
    return _create(columns, place_id, actor, at)


def _create(columns: dict[str, Any], place_id: UUID, actor: Actor, at: datetime) -> Campaign:
    if actor.account_id is None:
        raise Refused(what_zh=LABELS[SAMPLING_MANAGE][0], what_en=LABELS[SAMPLING_MANAGE][1])
    with transaction.atomic():
        campaign = Campaign.objects.create(
            **columns, number=_number(columns["kind"], at), place_id=place_id, drafted_by_id=actor.account_id,
            drafted_by=actor.name[:60], drafted_at=at,
        )  # fmt: skip
        planning.propose(campaign, at)
        note(campaign, "draft", "", actor, at)
    return campaign


def edit(campaign_id: UUID, draft: Draft, *, actor: Actor, at: datetime) -> Campaign:
    """Change a draft (修改草稿) and plan it anew. Raises as `create` does, and UnknownEdge for what is no draft."""
    columns = checked(draft, at)
    place_id = _home(actor, columns["place_ids"], at)
    with transaction.atomic():
        campaign = locked(campaign_id, actor, at)
        CAMPAIGN.edge(campaign.state, "propose")
        if columns["kind"] != campaign.kind:
            raise InvalidInput(
                field="template", reason_zh="不能在采样和发放之间改换，请另建一轮。",
                reason_en="Sampling does not become distribution: draft another round.",
            )  # fmt: skip
        columns |= {"is_drill": campaign.is_drill, "activation_id": campaign.activation_id}
        for name, value in columns.items():
            setattr(campaign, name, value)
        campaign.place_id = place_id
        campaign.save(update_fields=[*columns, "place_id"])
        planning.propose(campaign, at)
        note(campaign, "edit", campaign.state, actor, at)
    return campaign


def _home(actor: Actor, place_ids: list[UUID], at: datetime) -> UUID:
    actor.require(SAMPLING_MANAGE)
    return home_of(actor, SAMPLING_MANAGE, place_ids, localdate(at))


def locked(campaign_id: UUID, actor: Actor, at: datetime) -> Campaign:
    """A campaign in sight, locked. Raises NotFound."""
    if not queries.visible_to(actor, localdate(at)).filter(id=campaign_id).exists():
        raise NotFound(field="id")
    return Campaign.objects.select_for_update().get(id=campaign_id)


def managed(campaign_id: UUID, actor: Actor, at: datetime) -> Campaign:
    """The same, for somebody who may change it there. Raises Refused, OutsideYourPlaces too."""
    campaign = locked(campaign_id, actor, at)
    _home(actor, campaign.place_ids, at)
    return campaign


def perform(campaign_id: UUID, verb: str, *, actor: Actor, at: datetime, reason: str = "") -> Campaign:
    """Do a verb to a campaign: propose, send_back, issue, end, drop.

    Raises UnknownEdge, Refused, NotFound, SecondPerson, PlanShort, InvalidInput naming `reason`.
    """
    with transaction.atomic():
        campaign = locked(campaign_id, actor, at)
        edge = CAMPAIGN.edge(campaign.state, verb)
        _home(actor, campaign.place_ids, at)
        said = text_of(reason, "reason", "理由", "The reason", 200, needed="reason" in edge.requires)
        if verb in {"propose", "issue"} and campaign.left_out:
            raise PlanShort(doors=campaign.left_out)
        if verb == "issue":
            _issue(campaign, actor, at)
        _move(campaign, edge, actor, at, said)
    return campaign


def _move(campaign: Campaign, edge: Edge, actor: Actor, at: datetime, reason: str) -> None:
    source, campaign.state = campaign.state, edge.target
    if campaign.state == ENDED:
        campaign.ended_at = at
    campaign.save(update_fields=["state", "ended_at"])
    note(campaign, edge.verb, source, actor, at, reason)
    if ISSUED in (source, campaign.state):
        tell(campaign, campaign.state, at)


def _issue(campaign: Campaign, actor: Actor, at: datetime) -> None:
    """Write the tickets; nobody issues what they drafted."""
    if actor.account_id is None or actor.account_id == campaign.drafted_by_id:
        raise SecondPerson
    if localdate(at) > campaign.first_on:
        raise InvalidInput(
            field="first_on",
            reason_zh="开始日期已过，请退回修改。",
            reason_en="Its first day is over: send it back.",
        )
    if planning.is_late(campaign, at):
        planning.again(campaign, at)
        if campaign.left_out:
            raise PlanShort(doors=campaign.left_out)
    made = tickets.issue(campaign)
    if made != campaign.doors:
        # Doors have come or gone since it was planned.
        raise InvalidInput(
            field="place_ids",
            reason_zh=f"住户数已变化：排时 {campaign.doors} 户，现在 {made} 户。请退回后重新排时。",
            reason_en=f"The doors have changed: {campaign.doors} planned, {made} now. Send it back, plan again.",
        )
    campaign.issued_at, campaign.issued_by = at, actor.name[:60]
    campaign.save(update_fields=["issued_at", "issued_by"])
    audit.record(
        actor=actor, event="sampling.issued", area=area_of(campaign), subject=str(campaign.id),
        detail={"number": campaign.number, "doors": campaign.doors, "drill": campaign.is_drill}, at=at,
    )  # fmt: skip


def area_of(campaign: Campaign) -> str:
    """The district code of its home, for rows that need one."""
    place = Place.objects.only("area", "code").get(id=campaign.place_id)
    return place.area or place.code[:6]


def tell(campaign: Campaign, event: str, at: datetime) -> None:
    """Say that a campaign changed: no more than its number."""
    payload = {"number": campaign.number, "drill": campaign.is_drill}
    outbox.publish([outbox.News(area_of(campaign), TOPIC, campaign.id, event, payload, at)])


def from_template(
    code: str, place_ids: list[UUID], *, proposed_by: UUID, actor: Actor, at: datetime, activation_id: UUID,
    is_drill: bool,
) -> Campaign:  # fmt: skip
    """A proposed campaign of an activation (随响应提请): its points wait for a person to confirm them.

    It begins tomorrow, or today while the whole of its hours lies ahead. Raises as `create` does.
    """
    template = packs.template(code)
    today = localdate(at)
    draft = Draft(
        code, place_ids, first_day(at), is_drill=is_drill, activation_id=activation_id,
        goods=template.zh.title if template.kind == str(Kind.DISTRIBUTION) else "",
    )  # fmt: skip
    columns = checked(draft, at)
    # Who approves a response need not run sampling; what is made here is only a proposal.
    able = actor.can(SAMPLING_MANAGE)
    place_id = (
        home_of(actor, SAMPLING_MANAGE, columns["place_ids"], today) if able else columns["place_ids"][0]
    )
    proposer = Account.objects.get(id=proposed_by)
    by = Actor(proposer.id, proposer.display_name, "desk")
    with transaction.atomic():
        campaign = _create(columns, place_id, by, at)
        campaign.state = PROPOSED
        campaign.save(update_fields=["state"])
        note(campaign, "propose", DRAFT, by, at)
    return campaign


def first_day(at: datetime) -> date:
    """Today while it is early, else tomorrow."""
    return localdate(at) + timedelta(days=0 if localtime(at).hour < 6 else 1)


def end_of_activation(campaign: Campaign, actor: Actor, at: datetime) -> None:
    """End, or drop what never began, because its activation ends; in the caller's transaction."""
    campaign = Campaign.objects.select_for_update().get(id=campaign.id)
    said = "响应终止"
    if campaign.state == PROPOSED:
        _move(campaign, CAMPAIGN.edge(PROPOSED, "send_back"), actor, at, said)
    verb = {DRAFT: "drop", ISSUED: "end"}.get(campaign.state)
    if verb:
        _move(campaign, CAMPAIGN.edge(campaign.state, verb), actor, at, said)
