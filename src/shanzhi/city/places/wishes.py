"""Wishes for the tree (区划调整的各种方式) as rows of divisions, checked against it. Nothing is written here."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from shanzhi.city.places.errors import OutsideYourPlaces
from shanzhi.city.places.levels import Level, canonical, free_code
from shanzhi.city.places.rows import DivisionRow
from shanzhi.city.places.succession import Node, Tree
from shanzhi.core.kit.errors import InvalidInput, NotFound


@dataclass(frozen=True)
class Part:
    """One part of a split place: the place itself when `id` is its id, else a new one. `children` go to it."""

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
    """A change as rows to compare, and who goes on for whom: place ids, or codes of places made here."""

    rows: list[DivisionRow] = field(default_factory=list)
    heirs: dict[UUID, list[UUID | str]] = field(default_factory=dict)
    warnings: list[tuple[str, str]] = field(default_factory=list)

    def add(self, **cells: str) -> None:
        self.rows.append(DivisionRow(row=len(self.rows) + 1, **cells))


def _open(tree: Tree, place: UUID | None, reach: Iterable[UUID] | None, field_name: str) -> Node:
    """A standing place within reach. Raises NotFound, OutsideYourPlaces."""
    node = None if place is None else tree.nodes.get(place)
    if node is None or node.closed:
        raise NotFound(field=field_name)
    if reach is not None and node.id not in set(reach):
        raise OutsideYourPlaces(field=field_name, name=node.name)
    return node


def _parent_code(tree: Tree, node: Node) -> str:
    return "" if node.parent is None else tree.nodes[node.parent].code


def _named(change: Change) -> str:
    name = " ".join(change.name.split())
    if not name:
        raise InvalidInput(field="name", reason_zh="名称不能为空。", reason_en="The name must not be empty.")
    return name


def _coded(code: str, level: Level, field_name: str = "code") -> str:
    """A code of the level. Raises InvalidInput."""
    found = canonical(code.strip())
    if found is None or found[1] is not level:
        raise InvalidInput(
            field=field_name,
            reason_zh=f"“{code}”不是{level.zh}的代码。",
            reason_en=f"Not a code of a {level.en}.",
        )
    return found[0]


def _free(tree: Tree, above: Node, level: Level, field_name: str = "code") -> str:
    """The next free code under a place, for grids and micro-grids, which we number ourselves."""
    if level not in (Level.GRID, Level.MICROGRID):
        raise InvalidInput(field=field_name, reason_zh="请填写代码。", reason_en="Give a code.")
    taken = {node.code for node in tree.nodes.values() if node.code.startswith(above.code)}
    return free_code(taken, above.code)


def _create(change: Change, tree: Tree, reach: Iterable[UUID] | None) -> Wish:
    parent = _open(tree, change.parent_id, reach, "parent_id")
    if change.level not in set(Level) or Level(change.level).rank <= parent.level.rank:
        raise InvalidInput(
            field="level",
            reason_zh="级别应低于上级。",
            reason_en="The level must be below that of the parent.",
        )
    level = Level(change.level)
    code = _coded(change.code, level) if change.code.strip() else _free(tree, parent, level)
    wish = Wish()
    wish.add(code=code, name=_named(change), level=level.value, parent=parent.code)
    return wish


def _rename(change: Change, tree: Tree, reach: Iterable[UUID] | None) -> Wish:
    node = _open(tree, change.place_id, reach, "place_id")
    wish = Wish()
    wish.add(code=node.code, name=_named(change), parent=_parent_code(tree, node))
    return wish


def _recode(change: Change, tree: Tree, reach: Iterable[UUID] | None) -> Wish:
    node = _open(tree, change.place_id, reach, "place_id")
    wish = Wish()
    code = _coded(change.code, node.level)
    wish.add(code=code, name=node.name, former_code=node.code, parent=_parent_code(tree, node))
    if any(other.parent == node.id and not other.closed for other in tree.nodes.values()):
        wish.warnings.append(("下级代码不随之改变。", "Codes below it stay as they are."))
    return wish


def _move(change: Change, tree: Tree, reach: Iterable[UUID] | None) -> Wish:
    node = _open(tree, change.place_id, reach, "place_id")
    parent = _open(tree, change.parent_id, reach, "parent_id")
    code = _coded(change.code, node.level) if change.code.strip() else node.code
    wish = Wish()
    wish.add(
        code=code, name=node.name, parent=parent.code, former_code="" if code == node.code else node.code
    )
    return wish


def _close(change: Change, tree: Tree, reach: Iterable[UUID] | None) -> Wish:
    node = _open(tree, change.place_id, reach, "place_id")
    wish = Wish()
    wish.add(code=node.code, name=node.name, closed="1")
    wish.warnings.append(
        (
            "撤销后没有承接者：原有岗位、住户不会自动转移；如需承接请用合并。",
            "Nobody goes on for it: posts and homes stay.",
        )
    )
    return wish


def _merge(change: Change, tree: Tree, reach: Iterable[UUID] | None) -> Wish:
    nodes = [_open(tree, place, reach, "places") for place in dict.fromkeys(change.places)]
    if len(nodes) < 2 or len({node.level for node in nodes}) > 1:
        raise InvalidInput(
            field="places",
            reason_zh="请选择两个以上同级的区划。",
            reason_en="Choose two or more of one level.",
        )
    level, wish = nodes[0].level, Wish()
    heir: UUID | str
    if change.into_id is not None:
        into = next((node for node in nodes if node.id == change.into_id), None)
        if into is None:
            raise InvalidInput(
                field="into", reason_zh="保留者应在所选之中。", reason_en="Who stays must be one of them."
            )
        code, heir = into.code, into.id
        leaving = [node for node in nodes if node.id != into.id]
        if change.into_name.strip() and change.into_name.strip() != into.name:
            wish.add(code=code, name=change.into_name.strip(), parent=_parent_code(tree, into))
    else:
        if not change.into_name.strip():
            raise InvalidInput(
                field="into",
                reason_zh="请选择保留者，或填写新名称。",
                reason_en="Choose who stays, or give a new name.",
            )
        above = tree.nodes[nodes[0].parent] if nodes[0].parent else None
        if above is None:
            raise InvalidInput(field="places", reason_zh="最高一级不能合并。", reason_en="Not at the top.")
        given = change.into_code.strip()
        code = _coded(given, level, "into") if given else _free(tree, above, level, "into")
        heir, leaving = code, nodes
        wish.add(code=code, name=change.into_name.strip(), parent=above.code)
    _hand_over(wish, tree, leaving, code)
    for node in leaving:
        wish.add(code=node.code, name=node.name, closed="1")
        wish.heirs[node.id] = [heir]
    return wish


def _hand_over(wish: Wish, tree: Tree, leaving: Iterable[Node], code: str) -> None:
    parents = {node.id for node in leaving}
    for child in sorted(tree.nodes.values(), key=lambda node: node.code):
        if child.parent in parents and not child.closed:
            wish.add(code=child.code, name=child.name, parent=code)


def _split(change: Change, tree: Tree, reach: Iterable[UUID] | None) -> Wish:
    node = _open(tree, change.place_id, reach, "place_id")
    if node.level is Level.MICROGRID:
        raise InvalidInput(
            field="place_id", reason_zh="拆分微网格请在“网格划分”中调整楼栋。",
            reason_en="Split a micro-grid by its buildings, on the page of division.",
        )  # fmt: skip
    if len(change.parts) < 2 or sum(part.id is not None for part in change.parts) > 1:
        raise InvalidInput(
            field="parts", reason_zh="请拆成两个以上部分，至多一个沿用原区划。",
            reason_en="Two parts or more, one of them at most the place itself.",
        )  # fmt: skip
    children = {n.id: n for n in tree.nodes.values() if n.parent == node.id and not n.closed}
    given = [child for part in change.parts for child in part.children]
    if sorted(given, key=str) != sorted(children, key=str):
        raise InvalidInput(
            field="parts",
            reason_zh="每个下级都应归入且只归入一个部分。",
            reason_en="Every child goes to exactly one part.",
        )
    above = tree.nodes[node.parent] if node.parent else None
    if above is None:
        raise InvalidInput(field="place_id", reason_zh="最高一级不能拆分。", reason_en="Not at the top.")
    wish, codes, stays = Wish(), [], False
    taken = {n.code for n in tree.nodes.values()}
    for number, part in enumerate(change.parts):
        name = " ".join(part.name.split())
        if not name:
            raise InvalidInput(
                field="parts", reason_zh="每个部分都要有名称。", reason_en="Every part needs a name."
            )
        if part.id is not None:
            if part.id != node.id:
                raise InvalidInput(
                    field="parts",
                    reason_zh="沿用者只能是原区划。",
                    reason_en="Only the place itself can go on.",
                )
            stays = True
            codes.append(node.code)
            wish.add(code=node.code, name=name, parent=above.code)
            continue
        if part.code.strip():
            code = _coded(part.code, node.level, f"parts.{number}.code")
        elif node.level is Level.GRID:
            code = free_code(taken, above.code)
        else:
            raise InvalidInput(
                field=f"parts.{number}.code", reason_zh="请填写代码。", reason_en="Give a code."
            )
        taken.add(code)
        codes.append(code)
        wish.add(code=code, name=name, parent=above.code)
    for part, code in zip(change.parts, codes, strict=True):
        if part.id is None:
            for child in part.children:
                wish.add(code=children[child].code, name=children[child].name, parent=code)
    if not stays:
        wish.add(code=node.code, name=node.name, closed="1")
        wish.heirs[node.id] = list(codes)
    return wish


WISHES = {
    "create": _create, "rename": _rename, "recode": _recode, "move": _move, "merge": _merge, "split": _split,
    "close": _close,
}  # fmt: skip
