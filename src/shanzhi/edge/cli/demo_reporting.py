"""The duty log of the demo district (演示值班日志), and the first report on the response that is live. Invented."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.utils.timezone import localdate

from shanzhi.city.modes.flow import LIVE
from shanzhi.city.modes.models import Activation
from shanzhi.city.people.models import Account
from shanzhi.city.people.queries import actor_for_account
from shanzhi.command.reporting import due, duty, reports
from shanzhi.command.reporting.models import DutyEntry
from shanzhi.core.kit.ids import uuid7

# Minutes ago, unit, caller, telephone, content, proposal, decision
CALLS = (
    (95, "示例街道办", "示例甲", "13800000001", "示例桥下积水二十厘米。", "通知排水班组", "先封路再抽水"),
    (52, "示例气象台", "示例乙", "13800000002", "三小时内有强降雨，发布蓝色预警。", "提请启动四级响应", "同意"),
    (18, "示例社区", "示例丙", "13800000003", "示例院地下车库开始进水，已断电，正在移车。", "派应急队", ""),
)  # fmt: skip


def seed_reporting() -> None:
    """Write some calls and, where a response is live, draft its first report; once."""
    if DutyEntry.objects.exists():
        return
    now = settings.SHANZHI_CLOCK.now()
    officer = actor_for_account(Account.objects.get(username="zhiban").id, "desk", localdate(now))
    live = Activation.objects.filter(state=LIVE).first()
    assert officer is not None
    for minutes, unit, name, phone, content, proposal, instruction in CALLS:
        at = now - timedelta(minutes=minutes)
        duty.write(
            duty.NewEntry(
                id=uuid7(), kind="call", content=content, called_at=at, caller_unit=unit, caller_name=name,
                caller_phone=phone, proposal=proposal, instruction=instruction,
                activation_id=live.id if live and live.live_at and live.live_at <= at else None,
            ),
            actor=officer, at=at + timedelta(minutes=1),
        )  # fmt: skip
    if live is not None:
        due.ensure(live.id, now)
        reports.draft(live.id, "first", actor=officer, at=now)
