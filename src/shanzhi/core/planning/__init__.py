"""Planning (规划): the arithmetic of dividing a city, numpy in and numpy out."""

from shanzhi.core.planning.certificates import LABELS, Certificate
from shanzhi.core.planning.doors import Pace, Rounds, each_door, order_doors
from shanzhi.core.planning.neighbours import neighbours
from shanzhi.core.planning.partition import Counts, Partition, partition
from shanzhi.core.planning.staffing import Empty, Staffing, assign, reassign

__all__ = [
    "LABELS", "Certificate", "Counts", "Empty", "Pace", "Partition", "Rounds", "Staffing", "assign",
    "each_door", "neighbours", "order_doors", "partition", "reassign",
]  # fmt: skip
