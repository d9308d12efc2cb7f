"""Partner organisations of the demo city (演示共建单位): invented ones, with agreements and tasks."""

from datetime import datetime, timedelta

from django.conf import settings
from django.utils.timezone import localdate

from shanzhi.base.access import SYSTEM
from shanzhi.city.partners import actions
from shanzhi.city.partners.models import Partner
from shanzhi.city.places.models import Place
from shanzhi.edge.cli import demo

# Level, which of its places by code; name, kind, agreement, what was agreed, tasks with their days from now.
_ROWS = (
    (
        "county", 0, "示例区总医院", "hospital", "健康共建协议", "每季度组织一次义诊，为行动不便的居民提供上门随访。",
        (("春季义诊，三个社区各一场", 20), ("编写慢病随访名单的办法", 45)),
    ),
    (
        "street", 0, "示例银行某支行", "bank", "金融服务共建协议", "每月到社区开展一次防诈骗宣传，为老年人上门办理。",
        (("防诈骗宣传进小区", 7),),
    ),
    (
        "community", 0, "示例第一小学", "school", "校社共建协议", "节假日开放操场，组织学生参加社区志愿服务。",
        (("周末开放操场", 10), ("组织一次敬老志愿服务", 30)),
    ),
    (
        "community", 0, "示例物业服务公司", "property", "物业联动协议", "发现楼道堆物和设施损坏，当日处理。",
        (("清理三号楼楼道堆物", 3), ("检修单元门禁", 14)),
    ),
    ("community", 1, "示例便民超市", "shop", "", "", ()),
    (
        "community", 1, "示例社会工作服务中心", "society", "独居老人关爱协议", "每周走访一次登记的独居老人。",
        (("完成第一轮走访", 5),),
    ),
)  # fmt: skip


def seed_partners(*, at: datetime | None = None) -> None:
    """Add a few organisations; a second run changes nothing."""
    now = at or settings.SHANZHI_CLOCK.now()
    if Partner.objects.exists():
        return
    on = localdate(now)
    for level, number, name, kind, title, content, tasks in _ROWS:
        place = Place.objects.filter(level=level, area=demo.DISTRICT, closed_on=None).order_by("code")[number]
        made = actions.add(place.id, actions.PartnerFacts(name, kind, "联系人示例"), actor=SYSTEM, at=now)
        agreed = None
        if title:
            agreed = actions.agree(
                made.area, made.id, title, content, on, on + timedelta(days=365), actor=SYSTEM, at=now
            )
        for what, days in tasks:
            actions.set_task(
                made.area, made.id, what, on + timedelta(days=days), agreed.id if agreed else None,
                actor=SYSTEM, at=now,
            )  # fmt: skip
