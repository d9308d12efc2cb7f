"""A blank plan (空白预案): what a new one begins with, so that the form has every chapter."""

from shanzhi.city.modes.contents import LevelContent, Said
from shanzhi.city.places.levels import Level
from shanzhi.command.plans.document import (
    Group,
    MedicalExit,
    NoticeTemplate,
    NoticeText,
    ObjectionWay,
    PlanDoc,
    Structure,
)

_TEXT_ZH = (
    "依据{basis}（{document}），自{from}起，在{places}启动{level}响应，至{until}止。\n"
    "就医随时放行：{exit}，电话 {phone}。\n"
    "对上述措施有异议，可在本页提出，由{objection}在 {days} 天内答复。"
)
_TEXT_EN = (
    "On the basis of {basis} ({document}), a response at {level} holds in {places} from {from} until {until}.\n"
    "The way to medical care is always open: {exit}, telephone {phone}.\n"
    "Whoever objects may say so on this page; {objection} answers within {days} days."
)


def blank() -> PlanDoc:
    """A plan that still lacks what only a city knows."""
    level = LevelContent(
        level=4,
        zh="一般",
        en="ordinary",
        parts={"notices": [{"code": "start"}]},
        largest=Level.COUNTY,
        most_days=7,
    )
    return PlanDoc(
        code="new", hazard="other", zh="新预案", en="New plan", basis=Said("", ""),
        structure=Structure(Group("headquarters", "应急指挥部", "Headquarters", "commander")),
        exit=MedicalExit("", "", "120"), objection=ObjectionWay(5, "", "", ""),
        notices=[
            NoticeTemplate(
                "start", NoticeText("关于启动{level}响应的公告", _TEXT_ZH),
                NoticeText("Notice of a response at {level}", _TEXT_EN),
            )
        ],
        levels=[level],
    )  # fmt: skip
