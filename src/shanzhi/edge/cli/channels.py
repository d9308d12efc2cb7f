"""`shanzhi channels`: which channels are configured (消息通道)."""

from __future__ import annotations

from shanzhi.edge.cli.ready import make_ready


def show() -> int:
    """One line for each channel, and what is stuck."""
    make_ready()
    from shanzhi.base.messaging import queries
    from shanzhi.core.kit.clock import SystemClock
    from shanzhi.edge.exchange.channels.configuration import configure

    clock = SystemClock()
    lines, errors = configure(clock)
    for line in lines:
        print(line)
    for one in queries.missing(clock.now()):
        print(
            f"滞留 stuck: {one.via} {one.state} {one.count}，自 since {one.oldest_at.isoformat(timespec='seconds')}"
        )
    for error in errors:
        print(f"{error.sentence('zh')} {error.sentence('en')}")
    return 1 if errors else 0
