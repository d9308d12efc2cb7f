"""The release note (解除通知单) as a PDF: from when until when, by which edition and decision, signed by whom."""

from datetime import datetime
from typing import Literal

from django.conf import settings
from django.utils.timezone import get_current_timezone, localdate

from shanzhi.core.documents import NOTHING, Paper
from shanzhi.core.kit.errors import NotFound
from shanzhi.scenes.isolation import queries, resident
from shanzhi.scenes.isolation.flow import ISOLATION, MONITORING
from shanzhi.scenes.isolation.models import Isolation

Language = Literal["zh", "en"]


def release_note(isolation: Isolation, at: datetime, language: Language) -> bytes:
    """The note on A4. Raises NotFound while nothing has been released."""
    if not resident.has_note(isolation):
        raise NotFound(field="number")

    def say(zh: str, en: str) -> str:
        return zh if language == "zh" else en

    on = localdate(at)
    names = queries.place_names([isolation.place_id], on)
    plan, state = queries.schedule_of(isolation, on), ISOLATION.state(isolation.state)
    ended = isolation.ended_at
    paper = Paper(
        say("解除居家隔离通知单", "Release from home isolation"), language=language,
        header=say(f"编号 {isolation.number}", f"No. {isolation.number}"), at=at, zone=get_current_timezone(),
        footer=say(
            "任何单位不得因曾被隔离而区别对待。", "Nobody may be treated differently for having been isolated."
        ),
    )  # fmt: skip
    if isolation.is_drill:
        paper.watermark(say("演练", "DRILL"))
    paper.paragraph(
        say(
            f"{isolation.name}：自即日起不再需要居家隔离，可以正常出行。",
            f"{isolation.name}: you are no longer isolated at home and may go out.",
        )
    )
    paper.facts(
        [
            (say("姓名", "Name"), isolation.name),
            (say("地方", "Place"), names.get(isolation.place_id, NOTHING)),
            (say("开始日期", "From"), f"{isolation.begun_on}"),
            (say("解除", "Released"), f"{localdate(ended)}" if ended else say("已签发", "signed")),
            (say("方式", "How"), say(state.zh, state.en)),
            (say("管理版本", "Edition"), say(plan.edition.zh, plan.edition.en)),
            (say("法律依据", "Legal basis"), isolation.basis or NOTHING),
            (say("决定文号", "Decision"), isolation.document or NOTHING),
            (say("签发人", "Signed by"), isolation.signed_by or say("依法自动终止", "ended by law")),
            (
                say("健康监测至", "Health monitoring until"),
                f"{isolation.monitored_until_on}" if isolation.state == MONITORING else NOTHING,
            ),
        ],
        across=2,
    )
    paper.paragraph(say(plan.edition.why_zh, plan.edition.why_en))
    hotline = settings.SHANZHI_HOTLINE
    paper.paragraph(
        say(
            f"身体不适请拨打 120。对隔离决定有异议，可以拨打 {hotline}，或依法申请行政复议、提起行政诉讼。",
            f"If you feel unwell call 120. To object to the decision call {hotline}, or apply for reconsideration.",
        )
    )
    return paper.to_bytes()
