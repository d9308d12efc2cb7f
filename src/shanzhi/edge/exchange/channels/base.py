"""What the channels here have in common."""

from collections.abc import Sequence

from shanzhi.base.messaging.channels import Arrived, Letter, Outcome


class ConfiguredChannel:
    """Pace and size of a channel. `lease_seconds` covers two time-outs for every round of a whole batch."""

    asks = False
    collect_every_seconds = 1.0

    def __init__(
        self,
        code: str,
        *,
        rate_per_second: float,
        batch_size: int,
        timeout_seconds: float,
        connections: int = 1,
    ) -> None:
        self.code, self.rate_per_second, self.batch_size = code, rate_per_second, batch_size
        rounds = -(-batch_size // connections)
        self.lease_seconds = max(60.0, 2 * timeout_seconds * rounds + 30)

    def send(self, letters: Sequence[Letter]) -> list[Outcome]:
        """Carry the letters."""
        raise NotImplementedError

    def collect(self, waiting: Sequence[str]) -> Arrived:
        """Nothing comes in by itself."""
        return Arrived()

    def close(self) -> None:
        """Nothing to let go of."""


def sentence(letter: Letter) -> str:
    """Text and link as one sentence, for channels that have no field for a link."""
    return f"{letter.text} {letter.link}".rstrip()
