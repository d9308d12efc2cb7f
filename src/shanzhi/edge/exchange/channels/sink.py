"""The sink (演练通道): takes every message of a drill, sends nothing, and reports each as delivered at once."""

from collections.abc import Sequence

from shanzhi.base.messaging.channels import SINK, Arrived, Letter, Outcome, Report
from shanzhi.core.kit.clock import Clock
from shanzhi.edge.exchange.channels.base import ConfiguredChannel


class SinkChannel(ConfiguredChannel):
    """Its receipts come from what waits in the database, so that a killed one owes nothing."""

    asks = True

    def __init__(self, clock: Clock, *, rate_per_second: float = 5000.0) -> None:
        super().__init__(SINK, rate_per_second=rate_per_second, batch_size=1000, timeout_seconds=1)
        self._clock = clock

    def send(self, letters: Sequence[Letter]) -> list[Outcome]:
        """Accepted, every one."""
        return [Outcome(one, "accepted", (f"{one.id}-{one.number}",)) for one in letters]

    def collect(self, waiting: Sequence[str]) -> Arrived:
        """Delivered, every one."""
        now = self._clock.now()
        return Arrived([Report(one, "delivered", now) for one in waiting])
