"""Wishes for the tree (区划调整的各种方式) as plans by id, checked against it. Nothing is written here."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from shanzhi.city.places.errors import OutsideYourPlaces
from shanzhi.city.places.levels import Level, canonical, free_code
from shanzhi.city.places.near import Near
from shanzhi.city.places.succession import Node, Plan, Wanted
from shanzhi.core.kit.errors import InvalidInput, NotFound
from shanzhi.core.kit.ids import uuid7

_NAME_LENGTH = 100


@dataclass(frozen=True)
class Part:
    """One part of a split place: the place itself when `id` is its id, else a new one. `children` go to it.

    Of a renaming or re-coding of several places at once: one of them, with its new name or code.
    """

    name: str
    code: str = ""
    id: UUID | None = None
    children: Sequence[UUID] = ()


@dataclass(frozen=True)
class Change:
    """What is asked for. Which fields count hangs on `kind`."""

    kind: str
    on: date
    reason: str = ""
    place_id: UUID | None = None
    parent_id: UUID | None = None
    name: str = ""
    code: str = ""
    level: str = ""
    places: Sequence[UUID] = ()
    into_id: UUID | None = None
    into_name: str = ""
    into_code: str = ""
    parts: Sequence[Part] = ()


@dataclass
class Wish:
    """A change as a plan, who goes on for whom, and which input each place of the plan comes from."""

    plan: Plan = field(default_factory=Plan)
    heirs: dict[UUID, list[UUID]] = field(default_factory=dict)
    warnings: list[tuple[str, str]] = field(default_factory=list)
    inputs: dict[UUID, str] = field(default_factory=dict)

    def create(self, level: Level, code: str, name: str, parent: Node, at: str) -> UUID:
        """Make a place under a standing one; `at` is the input that names its code."""
        made = Wanted(0, uuid7(), level, code, name, parent.id, "", None, None)
        self.plan.created.append(made)
        self.inputs[made.id] = at
        return made.id

    def rename(self, node: Node, *, name: str, code: str, at: str) -> None:
        """Another name, another code, or both."""
        if (name, code) != (node.name, node.code):
            self.plan.renamed.append(_wanted(node, name=name, code=code))
            self.plan.changed.add(node.id)
            self.inputs[node.id] = at

    def move(self, node: Node, parent: UUID) -> None:
        """Under another parent, one that stands or one made here."""
        if parent == node.parent:
            return
        # A place that changes its name too says so in both lists.
        now = next((wanted for wanted in self.plan.renamed if wanted.id == node.id), None)
        name, code = (now.name, now.code) if now else (node.name, node.code)
        self.plan.moved.append(_wanted(node, name=name, code=code, parent=parent))
        self.plan.changed.add(node.id)

    def end(self, node: Node, heirs: Sequence[UUID] = ()) -> None:
        """End a place. It lies under who goes on, so that its history stays in the sight of whoever answers now."""
        self.plan.closed.append(node.id)
        if heirs:
            self.heirs[node.id] = list(heirs)
            self.plan.moved.append(_wanted(node, name=node.name, code=node.code, parent=heirs[0]))


def _wanted(node: Node, *, name: str, code: str, parent: UUID | None = None) -> Wanted:
    return Wanted(
        0, node.id, node.level, code, name, parent or node.parent, node.urban_rural_class, node.lon, node.lat
    )


def _wrong(at: str, zh: str, en: str) -> InvalidInput:
    return InvalidInput(field=at, reason_zh=zh, reason_en=en)


class _Ground:
    """The tree before the change, as far as the actor reaches."""

    def __init__(self, tree: Near) -> None:
        self.tree = tree
        self.below = tree.below

    def open(self, place: UUID | None, at: str) -> Node:
        """A standing place within reach. Raises NotFound, OutsideYourPlaces."""
        node = None if place is None else self.tree.nodes.get(place)
        if node is None or node.closed:
            raise NotFound(field=at)
        if not self.tree.within(node.id):
            raise OutsideYourPlaces(field=at, name=node.name)
        return node

    def above(self, node: Node, at: str) -> Node:
        """What a new place beside this one lies under. Raises InvalidInput at the top."""
        if node.parent is None:
            raise _wrong(at, "最高一级不能这样调整。", "Not at the top.")
        return self.open(node.parent, at)

    def coded(self, code: str, level: Level, above: Node, at: str, taken: Iterable[str] = ()) -> str:
        """A code of the level, or where none is given the next free one. Raises InvalidInput."""
        if code.strip():
            return _coded(code, level, at)
        if level not in (Level.GRID, Level.MICROGRID):
            raise _wrong(at, "请填写代码。", "Give a code.")
        return free_code(self.tree.codes_under(above.code) | set(taken), above.code)


def _coded(code: str, level: Level, at: str) -> str:
    found = canonical(code.strip())
    if found is None or found[1] is not level:
        raise _wrong(at, f"“{code}”不是{level.zh}的代码。", f"Not a code of a {level.en}.")
    return found[0]


def _named(name: str, at: str = "name") -> str:
    name = " ".join(name.split())
    if not name:
        raise _wrong(at, "名称不能为空。", "The name must not be empty.")
    if len(name) > _NAME_LENGTH or "\0" in name:
        raise _wrong(at, f"名称不得超过 {_NAME_LENGTH} 字。", f"At most {_NAME_LENGTH} characters.")
    return name


def _fits(level: Level, parent: Node, at: str) -> None:
    """Raise InvalidInput unless the level lies below the parent's; a micro-grid lies under a grid."""
    if level.rank <= parent.level.rank:
        raise _wrong(at, f"上级“{parent.name}”的级别不高于本级。", f"{parent.name} is not of a higher level.")
    if level is Level.MICROGRID and parent.level is not Level.GRID:
        raise _wrong(at, "微网格应在网格之下。", "A micro-grid lies under a grid.")


def _create(change: Change, ground: _Ground) -> Wish:
    parent = ground.open(change.parent_id, "parent_id")
    if change.level not in set(Level) or Level(change.level).rank <= parent.level.rank:
        raise _wrong("level", "级别应低于上级。", "The level must be below that of the parent.")
    level, wish, name = Level(change.level), Wish(), _named(change.name)
    _fits(level, parent, "level")
    code = ground.coded(change.code, level, parent, "code")
    wish.create(level, code, name, parent, "code")
    _tell_strange(wish, code, parent)
    return wish


def _tell_strange(wish: Wish, code: str, parent: Node) -> None:
    if parent.level.rank >= Level.COUNTY.rank and not code.startswith(parent.code):
        wish.warnings.append(
            (f"代码 {code} 与上级代码 {parent.code} 不一致。", f"The code {code} does not begin with {parent.code}.")
        )  # fmt: skip


def _several(change: Change, ground: _Ground, what: str) -> list[tuple[Node, str, str]]:
    """The places of a renaming or re-coding, what is new of each, and which input says so."""
    if not change.parts:
        return [(ground.open(change.place_id, "place_id"), getattr(change, what), what)]
    if len({part.id for part in change.parts}) < len(change.parts):
        raise _wrong("parts", "同一区划只能出现一次。", "Name each place once.")
    return [
        (ground.open(part.id, f"parts.{number}.id"), getattr(part, what), f"parts.{number}.{what}")
        for number, part in enumerate(change.parts)
    ]


def _rename(change: Change, ground: _Ground) -> Wish:
    wish = Wish()
    for node, name, at in _several(change, ground, "name"):
        wish.rename(node, name=_named(name, at), code=node.code, at=at)
    return wish


def _recode(change: Change, ground: _Ground) -> Wish:
    """Also of several at once, so that codes can change hands."""
    wish = Wish()
    for node, code, at in _several(change, ground, "code"):
        wish.rename(node, name=node.name, code=_coded(code, node.level, at), at=at)
        if ground.below(node.id) and not wish.warnings:
            wish.warnings.append(("下级代码不随之改变。", "Codes below it stay as they are."))
    return wish


def _move(change: Change, ground: _Ground) -> Wish:
    node, parent = ground.open(change.place_id, "place_id"), ground.open(change.parent_id, "parent_id")
    _fits(node.level, parent, "parent_id")
    code = _coded(change.code, node.level, "code") if change.code.strip() else node.code
    wish = Wish()
    wish.rename(node, name=node.name, code=code, at="code")
    wish.move(node, parent.id)
    _tell_strange(wish, code, parent)
    return wish


def _close(change: Change, ground: _Ground) -> Wish:
    wish = Wish()
    wish.end(ground.open(change.place_id, "place_id"))
    wish.warnings.append(
        (
            "撤销后没有承接者：原有岗位、住户不会自动转移；如需承接请用合并。",
            "Nobody goes on for it: posts and homes stay.",
        )
    )
    return wish


def _merge(change: Change, ground: _Ground) -> Wish:
    nodes = [ground.open(place, "places") for place in dict.fromkeys(change.places)]
    if len(nodes) < 2 or len({node.level for node in nodes}) > 1:
        raise _wrong("places", "请选择两个以上同级的区划。", "Choose two or more of one level.")
    level, wish = nodes[0].level, Wish()
    if change.into_id is not None:
        into = next((node for node in nodes if node.id == change.into_id), None)
        if into is None:
            raise _wrong("into", "保留者应在所选之中。", "Who stays must be one of them.")
        heir, leaving = into.id, [node for node in nodes if node.id != into.id]
        name = _named(change.into_name, "into") if change.into_name.strip() else into.name
        code = _coded(change.into_code, level, "into") if change.into_code.strip() else into.code
        wish.rename(into, name=name, code=code, at="into")
    else:
        if not change.into_name.strip():
            raise _wrong("into", "请选择保留者，或填写新名称。", "Choose who stays, or give a new name.")
        above, leaving = ground.above(nodes[0], "places"), nodes
        code = ground.coded(change.into_code, level, above, "into")
        heir = wish.create(level, code, _named(change.into_name, "into"), above, "into")
    for node in leaving:
        for child in ground.below(node.id):
            wish.move(child, heir)
        wish.end(node, [heir])
    if any(wanted.id not in wish.heirs for wanted in wish.plan.moved):
        wish.warnings.append(("下级代码不随之改变。", "Codes below it stay as they are."))
    return wish


def _split(change: Change, ground: _Ground) -> Wish:
    node = ground.open(change.place_id, "place_id")
    if node.level is Level.MICROGRID:
        raise _wrong(
            "place_id", "拆分微网格请在“网格划分”中调整楼栋。",
            "Split a micro-grid by its buildings, on the page of division.",
        )  # fmt: skip
    if len(change.parts) < 2 or sum(part.id is not None for part in change.parts) > 1:
        raise _wrong(
            "parts", "请拆成两个以上部分，至多一个沿用原区划。",
            "Two parts or more, one of them at most the place itself.",
        )  # fmt: skip
    children = {child.id: child for child in ground.below(node.id)}
    given = [child for part in change.parts for child in part.children]
    if sorted(given, key=str) != sorted(children, key=str):
        raise _wrong("parts", "每个下级都应归入且只归入一个部分。", "Every child goes to exactly one part.")
    above, wish = ground.above(node, "place_id"), Wish()
    made: list[UUID] = []
    codes: set[str] = set()
    for number, part in enumerate(change.parts):
        name, at = _named(part.name, "parts"), f"parts.{number}.code"
        if part.id is not None:
            if part.id != node.id:
                raise _wrong("parts", "沿用者只能是原区划。", "Only the place itself can go on.")
            code = _coded(part.code, node.level, at) if part.code.strip() else node.code
            wish.rename(node, name=name, code=code, at=at)
            made.append(node.id)
        else:
            code = ground.coded(part.code, node.level, above, at, codes)
            made.append(wish.create(node.level, code, name, above, at))
        codes.add(code)
    for part, place in zip(change.parts, made, strict=True):
        for child in part.children:
            wish.move(children[child], place)
    if node.id not in made:
        wish.end(node, made)
        wish.warnings.append(
            (
                f"原区划不再沿用：岗位、小区和在办案件由第一部分“{change.parts[0].name.strip()}”承接，请按实际调整。",
                "The place itself ends: posts, compounds and cases go to the first part; put them right by hand.",
            )
        )
    return wish


_WISHES = {
    "create": _create, "rename": _rename, "recode": _recode, "move": _move, "merge": _merge, "split": _split,
    "close": _close,
}  # fmt: skip


def wish_of(change: Change, tree: Near) -> Wish:
    """What a change asks of the tree.

    Raises NotFound, OutsideYourPlaces, InvalidInput naming the field; also when nothing would change.
    """
    wish = _WISHES[change.kind](change, _Ground(tree))
    plan = wish.plan
    if not (plan.created or plan.changed or plan.closed):
        at = {"rename": "name", "recode": "code", "move": "parent_id"}.get(change.kind, "kind")
        raise _wrong(at, "与现状相同，没有变更。", "Nothing would change.")
    return wish
