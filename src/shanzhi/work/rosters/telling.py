"""A shift that was not begun in time is told to its lead by text message too (未到岗短信), not only at the desk.

The lead is whoever manages rosters at the shift's place or nearest above it and has a telephone here. The text holds
which shift, and nobody's name. It is stopped for a whole roster by whoever manages it, for all by the pack, and for a
shift as soon as somebody signs on, is relieved or taken off.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.utils.timezone import localdate, localtime

from shanzhi.base.access.capabilities import ROSTER_MANAGE
from shanzhi.base.messaging import actions as messaging
from shanzhi.base.messaging import channels
from shanzhi.base.rows.encryption import decrypt
from shanzhi.work.rosters import packs
from shanzhi.work.rosters.models import Turn

KIND = "roster"
MOST_LEADS = 2
_ON = "{t}.from_on <= %(on)s AND ({t}.to_on IS NULL OR {t}.to_on > %(on)s)"
# Those at the nearest place above where there is one, a few at most.
_LEADS = f"""
SELECT place_id, account_id, address FROM (
  SELECT w.place_id, p.account_id, c.address, dense_rank() OVER (PARTITION BY w.place_id ORDER BY k.depth) AS near,
    row_number() OVER (PARTITION BY w.place_id ORDER BY k.depth, p.account_id) AS nth
  FROM unnest(%(places)s::uuid[]) AS w (place_id)
  JOIN places_placeclosure k ON k.descendant_id = w.place_id AND {_ON.format(t="k")}
  JOIN people_post p ON p.place_id = k.ancestor_id AND {_ON.format(t="p")}
  JOIN people_postkind o ON o.code = p.kind_id AND o.capabilities @> ARRAY['{ROSTER_MANAGE}']::varchar[]
  JOIN people_account a ON a.id = p.account_id AND a.is_active
  JOIN people_contact c ON c.account_id = p.account_id AND c.kind = 'phone'
) found WHERE near = 1 AND nth <= %(most)s ORDER BY place_id, nth
"""


def topic_of(roster_id: UUID) -> str:
    """The topic of the messages of a roster."""
    return f"rosters/{roster_id}"


def channel() -> str:
    """The text-message channel of the pack that there is; "" when none is, or the city wants none."""
    there = channels.registered()
    return next((one for one in packs.rules().late_channels if one in there), "")


def leads_of(place_ids: Collection[UUID], at: datetime) -> dict[UUID, list[tuple[UUID, str]]]:
    """Place -> accounts of its leads with their telephones."""
    found: dict[UUID, list[tuple[UUID, str]]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_LEADS, {"places": list(place_ids), "on": localdate(at), "most": MOST_LEADS})
        for place_id, account_id, address in cursor.fetchall():
            found.setdefault(place_id, []).append((account_id, decrypt(bytes(address))))
    return found


def tell(turns: Sequence[Turn], at: datetime) -> int:
    """Queue a message about each of these to its leads, in the caller's transaction; how many."""
    wants = [turn for turn in turns if turn.shift.roster.tells_lead]
    real = channel()
    leads = leads_of({turn.shift.place_id for turn in wants}, at) if wants else {}
    wanted = []
    for turn in wants:
        shift, drill = turn.shift, turn.shift.roster.is_drill
        way = real or (packs.rules().late_channels[:1] or [""])[0] if drill else real
        if not way:
            continue
        text = (
            f"【值班提醒】{shift.place.name}{shift.post_zh} {localtime(shift.begins_at):%H:%M} 的班次到点没有人签到，"
            "请登录查看并安排顶岗。"
        )
        for nth, (account_id, address) in enumerate(leads.get(shift.place_id, ()), start=1):
            wanted.append(
                messaging.Wanted(
                    area=turn.area, recipient_kind=KIND, recipient_id=account_id, channel=way, subject_id=turn.id,
                    topic=topic_of(shift.roster_id), purpose="roster", text=text, link=settings.SHANZHI_PUBLIC_URL,
                    address=address, round=nth, drill=drill,
                )
            )  # fmt: skip
    return messaging.queue(wanted, at)


def settled(turn: Turn) -> int:
    """Somebody is there, or nobody has to be: what is not sent yet is not sent (取消提醒); how many."""
    return messaging.cancel(turn.area, [turn.id], "roster-settled") if turn.warned_at else 0


def stop(roster_id: UUID) -> int:
    """What is not sent yet of a roster is not sent (停发); how many."""
    return messaging.cancel_topic(topic_of(roster_id), "roster-stopped")
