"""State tables (状态表): which verb leads from which state to which, who may do it, and what it needs."""

from shanzhi.core.flow.errors import UnknownEdge
from shanzhi.core.flow.table import Edge, Flow, State

__all__ = ["Edge", "Flow", "State", "UnknownEdge"]
