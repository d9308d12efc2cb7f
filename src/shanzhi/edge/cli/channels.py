"""`shanzhi channels`: which channels are configured (消息通道)."""

from __future__ import annotations

from shanzhi.edge.cli.ready import make_ready
from shanzhi.edge.cli.sentences import CommandError


def show() -> int:
    """One line for each channel, and what is stuck."""
    make_ready()
    from shanzhi.base.messaging import queries
    from shanzhi.core.kit.clock import SystemClock
    from shanzhi.edge.exchange.channels.configuration import configure
    from shanzhi.edge.exchange.channels.errors import ChannelMisconfigured

    clock = SystemClock()
    try:
        lines = configure(clock)
    except ChannelMisconfigured as error:
        raise CommandError(error.sentence("zh"), error.sentence("en")) from None
    for line in lines:
        print(line)
    for one in queries.missing(clock.now()):
        print(
            f"滞留 stuck: {one.via} {one.state} {one.count}，自 since {one.oldest_at.isoformat(timespec='seconds')}"
        )
    return 0
