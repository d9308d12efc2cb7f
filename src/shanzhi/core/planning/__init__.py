"""Planning (规划): the arithmetic of dividing a city, numpy in and numpy out."""

from shanzhi.core.planning.certificates import LABELS, Certificate
from shanzhi.core.planning.doors import Pace, Rounds, each_door, order_doors
from shanzhi.core.planning.neighbours import neighbours
from shanzhi.core.planning.partition import Counts, Partition, partition

__all__ = [
    "LABELS", "Certificate", "Counts", "Pace", "Partition", "Rounds", "each_door", "neighbours", "order_doors",
    "partition",
]  # fmt: skip
