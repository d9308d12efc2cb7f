"""Which desk opens first while a response is live (工作台): a part without anything to make or to end.

The band on top of the desk and the page that opens first read the activation itself (`modes.shown.banners_out`).
"""

from collections.abc import Sequence
from datetime import datetime

from shanzhi.base.access import Actor
from shanzhi.city.modes.parts import Item, Line, Live
from shanzhi.city.people import queries as people
from shanzhi.core.kit.errors import InvalidInput

# Pages of the desk that a plan may have opened first.
PAGES: dict[str, tuple[str, str]] = {
    "/board": ("指挥板", "Command board"),
    "/responses": ("应急响应", "Responses"),
    "/orders": ("指令", "Orders"),
    "/my-orders": ("我的指令", "My orders"),
    "/sweeps": ("敲门行动", "Sweeps"),
    "/my-doors": ("我的入户清单", "My doors"),
    "/isolation": ("居家隔离", "Home isolation"),
    "/sampling": ("采样与发放", "Sampling"),
    "/duty": ("值班日志", "Duty log"),
    "/rosters": ("值班值守", "Rosters"),
    "/stock": ("应急物资", "Stock"),
}


class ScreensPart:
    """Puts a band on the desk and opens a page first."""

    code, zh, en = "screens", "工作台", "Screens"

    def check(self, items: Sequence[Item]) -> None:
        """Raises InvalidInput for a page that the desk has not."""
        for number, item in enumerate(items):
            if item.get("opens") not in PAGES:
                names = "、".join(zh for zh, _ in PAGES.values())
                raise InvalidInput(
                    field=f"screens.{number}.opens", reason_zh=f"没有这个页面，可选：{names}。",
                    reason_en=f"The desk has no such page: {', '.join(PAGES)}.",
                )  # fmt: skip

    def preview(self, items: Sequence[Item], live: Live, at: datetime) -> list[Line]:
        """What opens for whom."""
        kinds = {kind.code: kind for kind in people.post_kinds()}
        lines = []
        for item in items:
            zh, en = PAGES.get(str(item.get("opens")), ("", ""))
            posts = [kinds[one] for one in item.get("posts") or [] if one in kinds]
            for_zh = "、".join(one.zh for one in posts) or "全部人员"
            for_en = ", ".join(one.en for one in posts) or "everybody"
            lines.append(
                Line(f"{for_zh}登录后先打开“{zh}”，页顶显示响应横幅", f"{en} opens first for {for_en}")
            )
        return lines

    def begin(self, items: Sequence[Item], live: Live, actor: Actor, at: datetime) -> list[Line]:
        """Nothing to write: the desk reads the activation."""
        return self.preview(items, live, at)

    def shrink(self, left: Sequence[Item], live: Live, actor: Actor, at: datetime) -> list[Line]:
        """Nothing to write."""
        return []

    def end(self, live: Live, actor: Actor, at: datetime) -> list[Line]:
        """The band goes with the activation."""
        return [Line("工作台恢复平时", "The desk is as in everyday use")]
