"""The state table itself: plain immutable data, with the checks that every table must pass."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from types import MappingProxyType

from shanzhi.core.flow.errors import UnknownEdge

_ENTITIES = str.maketrans({"#": "#35;", '"': "#quot;", ":": "#58;", ";": "#59;"})


@dataclass(frozen=True)
class State:
    """One state (状态): its code, its name at the desks and its name for the public.

    `final` says that the work may rest here for ever; verbs may still lead on from it.
    """

    code: str
    zh: str
    en: str
    public_zh: str
    public_en: str
    final: bool = False


@dataclass(frozen=True)
class Edge:
    """One way (流转) from a state to another: a verb, the capability it asks for and its names.

    `requires` names the inputs without which it is refused, `takes` those that may be given besides.
    `separate_from` is a verb whose actor may not do this one. The module that owns the flow reads the rest:
    `clock` (what it does to clocks), `request` (what it does to a request, such as "ask extend"), `guards`
    (named conditions beyond the state) and `told_*` (what the public reads of it, "" for nothing).
    """

    verb: str
    source: str
    target: str
    capability: str
    zh: str
    en: str
    requires: tuple[str, ...] = ()
    clock: str = ""
    separate_from: str = ""
    takes: tuple[str, ...] = ()
    guards: tuple[str, ...] = ()
    request: str = ""
    told_zh: str = ""
    told_en: str = ""


@dataclass(frozen=True)
class Flow:
    """A state table (状态表) with a name and an initial state; it never changes once made.

    Any table can be made; `check` tells what is wrong with it, and a test holds that to nothing.
    """

    name: str
    states: tuple[State, ...]
    edges: tuple[Edge, ...]
    initial: str
    _states: Mapping[str, State] = field(init=False, repr=False, compare=False)
    _edges: Mapping[tuple[str, str], Edge] = field(init=False, repr=False, compare=False)
    _from: Mapping[str, tuple[Edge, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        kept = object.__setattr__
        kept(self, "states", tuple(self.states))
        kept(self, "edges", tuple(self.edges))
        by_source: dict[str, tuple[Edge, ...]] = {}
        for edge in self.edges:
            by_source[edge.source] = (*by_source.get(edge.source, ()), edge)
        kept(self, "_states", MappingProxyType({state.code: state for state in self.states}))
        kept(self, "_edges", MappingProxyType({(edge.source, edge.verb): edge for edge in self.edges}))
        kept(self, "_from", MappingProxyType(by_source))

    @property
    def verbs(self) -> tuple[str, ...]:
        """Every verb once, in the order of the table."""
        return tuple(dict.fromkeys(edge.verb for edge in self.edges))

    def state(self, code: str) -> State:
        """The state of that code. Raises KeyError when the table has none."""
        return self._states[code]

    def edges_from(self, state: str) -> tuple[Edge, ...]:
        """The edges that lead out of a state, in the order of the table; none for an unknown state."""
        return self._from.get(state, ())

    def ends(self, verb: str) -> bool:
        """Whether the verb leads, from anywhere, to a final state."""
        return any(edge.verb == verb and self._states[edge.target].final for edge in self.edges)

    def edge(self, state: str, verb: str) -> Edge:
        """The edge of a verb out of a state. Raises UnknownEdge, naming both, when there is none."""
        found = self._edges.get((state, verb))
        if found is not None:
            return found
        now = self._states.get(state)
        like = next((edge for edge in self.edges if edge.verb == verb), None)
        raise UnknownEdge(
            state=state,
            verb=verb,
            state_zh=now.zh if now else state,
            state_en=now.en if now else state,
            verb_zh=like.zh if like else verb,
            verb_en=like.en if like else verb,
        )

    def check(self) -> list[str]:
        """What is wrong with the table, one sentence each, in a settled order; empty when nothing is.

        Found: states, or verbs of one state, given twice; edges and an initial state that name unknown
        states; `separate_from` verbs that do not exist; states that cannot be reached; states that are
        not final and from which no final state can be reached; labels left empty.
        """
        problems = [
            f"state {code!r} is given {times} times"
            for code, times in Counter(state.code for state in self.states).items()
            if times > 1
        ]
        problems += [
            f"verb {verb!r} leads out of {source!r} {times} times"
            for (source, verb), times in Counter((edge.source, edge.verb) for edge in self.edges).items()
            if times > 1
        ]
        problems += self._unknown_names()
        reached = _closure([self.initial], ((edge.source, edge.target) for edge in self.edges))
        problems += [f"state {code!r} cannot be reached" for code in self._states if code not in reached]
        final = [state.code for state in self._states.values() if state.final]
        ending = _closure(final, ((edge.target, edge.source) for edge in self.edges))
        problems += [
            f"state {code!r} is a dead end: no final state follows"
            for code in self._states
            if code not in ending
        ]
        problems += [
            f"{what} lacks a label"
            for what, labels in (
                *((f"state {s.code!r}", (s.zh, s.en, s.public_zh, s.public_en)) for s in self.states),
                *((f"verb {e.verb!r} out of {e.source!r}", (e.zh, e.en)) for e in self.edges),
            )
            if not all(labels)
        ]
        return problems

    def _unknown_names(self) -> list[str]:
        problems = []
        if self.initial not in self._states:
            problems.append(f"the initial state {self.initial!r} is unknown")
        verbs = set(self.verbs)
        for edge in self.edges:
            where = f"verb {edge.verb!r} out of {edge.source!r}"
            problems += [
                f"{where}: the state {code!r} is unknown"
                for code in dict.fromkeys((edge.source, edge.target))
                if code not in self._states
            ]
            if edge.separate_from and edge.separate_from not in verbs:
                problems.append(f"{where}: it is separate from {edge.separate_from!r}, which is no verb")
        return problems

    def to_json(self) -> str:
        """The table as JSON text: name, initial, states and edges with all their fields, in order."""
        table = {
            "name": self.name,
            "initial": self.initial,
            "states": [asdict(state) for state in self.states],
            "edges": [asdict(edge) for edge in self.edges],
        }
        return json.dumps(table, ensure_ascii=False, indent=2) + "\n"

    def to_mermaid(self, lang: str = "zh", *, loops: bool = True) -> str:
        """The table as a Mermaid `stateDiagram-v2`, labelled in `zh` or `en`. ValueError for others.

        Without `loops`, verbs that leave the state as it is are not drawn.
        """
        if lang not in ("zh", "en"):
            raise ValueError(f"no labels in {lang!r}")
        lines = ["stateDiagram-v2"]
        for state in self.states:
            lines.append(
                f'    state "{_label(state.zh if lang == "zh" else state.en)}" as {_node(state.code)}'
            )
        lines.append(f"    [*] --> {_node(self.initial)}")
        for edge in self.edges:
            if loops or edge.source != edge.target:
                said = _label(edge.zh if lang == "zh" else edge.en)
                lines.append(f"    {_node(edge.source)} --> {_node(edge.target)}: {said}")
        lines += [f"    {_node(state.code)} --> [*]" for state in self.states if state.final]
        return "\n".join(lines) + "\n"


def _closure(start: Iterable[str], ways: Iterable[tuple[str, str]]) -> set[str]:
    """Everything that can be reached from `start` along `ways`, `start` included."""
    nexts: dict[str, list[str]] = {}
    for source, target in ways:
        nexts.setdefault(source, []).append(target)
    found, waiting = set(start), list(start)
    while waiting:
        for code in nexts.get(waiting.pop(), ()):
            if code not in found:
                found.add(code)
                waiting.append(code)
    return found


def _node(code: str) -> str:
    """A name that Mermaid takes: it knows words of its own (`state`, `end`), hence the prefix."""
    return "s_" + re.sub(r"\W", "_", code)


def _label(text: str) -> str:
    """Text on one line, with the characters that Mermaid reads as syntax written as entities."""
    return " ".join(text.split()).translate(_ENTITIES)
