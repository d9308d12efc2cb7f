"""Planning (规划): the arithmetic of dividing a city, and of reaching it; numpy in and numpy out."""

from shanzhi.core.planning.certificates import LABELS, Certificate
from shanzhi.core.planning.doors import Pace, Rounds, each_door, order_doors
from shanzhi.core.planning.neighbours import neighbours
from shanzhi.core.planning.partition import Counts, Partition, partition
from shanzhi.core.planning.promise import Crowd, Promise, expected_reach, first_rung, with_first
from shanzhi.core.planning.reach import Audience, Channel, End, Reach, ReachCurve, Rung, simulate_reach
from shanzhi.core.planning.reinforce import Comparison, Reinforced, compare, reinforce
from shanzhi.core.planning.staffing import Empty, Staffing, assign, reassign
from shanzhi.core.planning.visits import (
    OUTCOMES,
    Coverage,
    Crew,
    DoorKinds,
    Doors,
    Outcome,
    Queues,
    Visits,
    crew_after,
    simulate_visits,
)  # fmt: skip

__all__ = [
    "Audience", "Certificate", "Channel", "Comparison", "Counts", "Coverage", "Crew", "Crowd", "DoorKinds", "Doors",
    "Empty", "End", "LABELS", "OUTCOMES", "Outcome", "Pace", "Partition", "Promise", "Queues", "Reach", "ReachCurve",
    "Reinforced", "Rounds", "Rung", "Staffing", "Visits", "assign", "compare", "crew_after", "each_door",
    "expected_reach", "first_rung", "neighbours", "order_doors", "partition", "reassign", "reinforce",
    "simulate_reach", "simulate_visits", "with_first",
]  # fmt: skip
