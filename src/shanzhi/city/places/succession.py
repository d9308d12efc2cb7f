"""What a list of divisions changes in the tree (区划变更): a pure comparison, written by `actions`."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from shanzhi.city.places.levels import Level, area_of, canonical, codes_above, level_of
from shanzhi.city.places.rows import DivisionRow
from shanzhi.core.documents import RowError
from shanzhi.core.kit.ids import uuid7

_NAME_LENGTH = 100
_YES = {"1", "是", "已撤销", "撤销", "yes", "true", "y"}
_NO = {"", "0", "否", "no", "false", "n"}


@dataclass(slots=True)
class Node:
    """A place as it stands. `named_on` is the day of its newest name, `placed_on` of its newest parent."""

    id: UUID
    level: Level
    code: str
    name: str
    parent: UUID | None
    urban_rural_class: str
    lon: float | None
    lat: float | None
    named_on: date
    placed_on: date
    closed: bool = False


@dataclass(frozen=True)
class Tree:
    """Every place, closed ones too, and for some codes the places that had them before."""

    nodes: Mapping[UUID, Node]
    formerly: Mapping[str, frozenset[UUID]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a row says about a place."""

    row: int
    id: UUID
    level: Level
    code: str
    name: str
    parent: UUID | None
    urban_rural_class: str
    lon: float | None
    lat: float | None

    @property
    def area(self) -> str:
        """The district code of a place that is made from this row."""
        return area_of(self.code, self.level)


@dataclass
class Plan:
    """What to write. A place is in `changed` when any of the three lists after it holds it."""

    created: list[Wanted] = field(default_factory=list)
    changed: set[UUID] = field(default_factory=set)
    renamed: list[Wanted] = field(default_factory=list)
    moved: list[Wanted] = field(default_factory=list)
    described: list[Wanted] = field(default_factory=list)
    closed: list[UUID] = field(default_factory=list)
    closing: dict[UUID, int] = field(default_factory=dict)  # of each closed place: its row
    reopened: list[Wanted] = field(default_factory=list)
    unmade: list[UUID] = field(default_factory=list)  # of the closed ones: they began on the same day
    unchanged: int = 0
    errors: list[RowError] = field(default_factory=list)


@dataclass(slots=True)
class _Read:
    """A row whose cells have been understood."""

    source: DivisionRow
    code: str
    level: Level
    former: str
    closing: bool
    lon: float | None
    lat: float | None
    node: Node | None = None


class _Comparison:
    def __init__(self, tree: Tree, on: date, reach: Collection[UUID] | None) -> None:
        self.tree = tree
        self.on = on
        self.reach = reach
        self.plan = Plan()
        self.open_codes = {node.code: node for node in tree.nodes.values() if not node.closed}
        self.closed_codes = {node.code for node in tree.nodes.values() if node.closed}
        self.wanted: dict[str, Wanted] = {}

    def wrong(self, row: DivisionRow, column: str, zh: str, en: str) -> None:
        self.plan.errors.append(RowError(row.row, column, zh, en))

    def run(self, rows: Iterable[DivisionRow]) -> Plan:
        """Compare; with any error the rest of the plan is not to be used."""
        read = list(self._unique(self._understood(rows)))
        self._match(read)
        closing = [item for item in read if item.closing]
        leaving = {item.node.id for item in closing if item.node is not None}
        for item in sorted(read, key=lambda item: item.level.rank):
            if not item.closing:
                self._compare(item, leaving)
        if closing:
            self._close(closing, leaving)
        return self.plan

    def _understood(self, rows: Iterable[DivisionRow]) -> Iterator[_Read]:
        for row in rows:
            before = len(self.plan.errors)
            found = canonical(row.code)
            if found is None:
                self.wrong(
                    row, "code", f"代码“{row.code}”的位数或内容不正确。", f"{row.code!r} is not a code."
                )
                continue
            code, level = found
            if row.level and level_of(row.level) is not level:
                self.wrong(
                    row, "level", f"代码 {row.code} 是“{level.zh}”的代码，与级别“{row.level}”不符。",
                    f"code {row.code} is that of a {level.en}, not of level {row.level!r}.",
                )  # fmt: skip
            closing = row.closed.lower() in _YES
            if not closing and row.closed.lower() not in _NO:
                self.wrong(row, "closed", "“撤销”应填“是”或留空。", "closed must be yes or blank.")
            if not row.name and not closing:
                self.wrong(row, "name", "名称不能为空。", "The name must not be empty.")
            if len(row.name) > _NAME_LENGTH:
                self.wrong(row, "name", f"名称不得超过 {_NAME_LENGTH} 字。", f"Longer than {_NAME_LENGTH}.")
            if "\0" in row.name:
                self.wrong(row, "name", "名称含有非法字符。", "The name holds a character not allowed.")
            if row.urban_rural_class and not (
                row.urban_rural_class.isascii()
                and row.urban_rural_class.isdigit()
                and len(row.urban_rural_class) == 3
            ):
                self.wrong(row, "urban_rural_class", "城乡分类应为 3 位数字。", "It must be three digits.")
            former = ""
            if row.former_code:
                was = canonical(row.former_code)
                if was is None or was[1] is not level:
                    self.wrong(
                        row,
                        "former_code",
                        "原代码应为同一级别的代码。",
                        "It must be a code of the same level.",
                    )
                else:
                    former = was[0]
            lon, lat = self._point(row)
            if len(self.plan.errors) == before:
                yield _Read(row, code, level, former, closing, lon, lat)

    def _point(self, row: DivisionRow) -> tuple[float | None, float | None]:
        if not row.lon and not row.lat:
            return None, None
        try:
            lon, lat = float(row.lon), float(row.lat)
        except ValueError:
            lon = lat = 999.0
        if not (-180 <= lon <= 180 and -90 <= lat <= 90):
            self.wrong(
                row, "lon", "经度、纬度应为 WGS-84 的度数。", "Not a longitude and latitude in degrees."
            )
        return lon, lat

    def _unique(self, read: Iterable[_Read]) -> Iterator[_Read]:
        first: dict[str, int] = {}
        for item in read:
            if item.code in first:
                self.wrong(
                    item.source, "code", f"代码 {item.code} 与第 {first[item.code]} 行重复。",
                    f"code {item.code} is already in row {first[item.code]}.",
                )  # fmt: skip
            else:
                first[item.code] = item.source.row
                yield item

    def _match(self, read: Sequence[_Read]) -> None:
        """Find the place that each row speaks of; those with a former code first, for they free it."""
        claimed: dict[UUID, int] = {}
        for item in read:
            if not item.former or item.former == item.code:
                continue
            now, was = self.open_codes.get(item.code), self.open_codes.get(item.former)
            if now is not None and now.id in self.tree.formerly.get(item.former, ()):
                continue
            if was is None:
                self.wrong(
                    item.source, "former_code", f"没有代码为 {item.former} 的区划。",
                    f"there is no place with code {item.former}.",
                )  # fmt: skip
            elif claimed.setdefault(was.id, item.source.row) != item.source.row:
                self.wrong(
                    item.source, "former_code", f"原代码已在第 {claimed[was.id]} 行使用。",
                    f"row {claimed[was.id]} has this former code already.",
                )  # fmt: skip
            else:
                item.node = was
        for item in read:
            if item.node is not None:
                self.open_codes.pop(item.node.code, None)
        for item in read:
            holder = self.open_codes.get(item.code)
            if item.node is None:
                item.node = holder
            elif holder is not None:
                self.wrong(
                    item.source, "code", f"代码 {item.code} 已由“{holder.name}”使用。",
                    f"{holder.name} has the code {item.code}.",
                )  # fmt: skip

    def _parent_of(self, item: _Read) -> Wanted | Node | None:
        row = item.source
        if row.parent:
            found = canonical(row.parent)
            candidates: tuple[str, ...] = (found[0],) if found else ()
        elif item.node is not None and item.node.code == item.code:
            return self.tree.nodes[item.node.parent] if item.node.parent else None
        else:
            candidates = codes_above(item.code, item.level)
        for code in candidates:
            parent = self.wanted.get(code) or self.open_codes.get(code)
            if parent is not None:
                if parent.level.rank < item.level.rank:
                    return parent
                self.wrong(
                    row,
                    "parent",
                    f"上级“{parent.name}”的级别不高于本级。",
                    f"{parent.name} is not of a higher level.",
                )
                return None
        if row.parent or item.level is not Level.PROVINCE:
            named = row.parent or candidates[0]
            self.wrong(
                row,
                "parent",
                f"没有代码为 {named} 的上级区划。",
                f"there is no place above with code {named}.",
            )
        return None

    def _within(self, item: _Read, *places: UUID | None) -> bool:
        """Whether the actor reaches every one of the places; if not, that is an error of the row."""
        if self.reach is None or all(place in self.reach for place in places):
            return True
        self.wrong(item.source, "code", "不在您岗位的管辖范围内。", "It is outside the places of your posts.")
        return False

    def _compare(self, item: _Read, leaving: Collection[UUID]) -> None:
        row, node, before = item.source, item.node, len(self.plan.errors)
        parent = self._parent_of(item)
        if len(self.plan.errors) > before:
            return
        if parent is not None and parent.id in leaving:
            self.wrong(row, "parent", "上级区划在本文件中被撤销。", "The place above is closed in this file.")
            return
        wanted = Wanted(
            row=row.row,
            id=uuid7() if node is None else node.id,
            level=item.level,
            code=item.code,
            name=row.name,
            parent=None if parent is None else parent.id,
            urban_rural_class=row.urban_rural_class or ("" if node is None else node.urban_rural_class),
            lon=item.lon if item.lon is not None or node is None else node.lon,
            lat=item.lat if item.lon is not None or node is None else node.lat,
        )
        self.wanted[item.code] = wanted
        if node is None:
            self._create(item, wanted, parent)
        else:
            self._change(item, wanted, node)

    def _create(self, item: _Read, wanted: Wanted, parent: Wanted | Node | None) -> None:
        if isinstance(parent, Node):
            if not self._within(item, parent.id):
                return
            if parent.placed_on > self.on:
                self._too_early(item.source, parent.placed_on)
                return
        elif parent is None and not self._within(item, None):
            return
        self.plan.created.append(wanted)

    def _change(self, item: _Read, wanted: Wanted, node: Node) -> None:
        renamed = (wanted.code, wanted.name) != (node.code, node.name)
        moved = wanted.parent != node.parent
        described = (wanted.urban_rural_class, wanted.lon, wanted.lat) != (
            node.urban_rural_class, node.lon, node.lat
        )  # fmt: skip
        if not (renamed or moved or described):
            self.plan.unchanged += 1
            return
        # A parent that this file makes was itself checked against the actor's reach.
        new_parent = wanted.parent if moved and wanted.parent in self.tree.nodes else node.id
        if not self._within(item, node.id, new_parent):
            return
        if renamed and node.named_on > self.on:
            self._too_early(item.source, node.named_on)
        elif moved and node.placed_on > self.on:
            self._too_early(item.source, node.placed_on)
        else:
            self.plan.changed.add(node.id)
            for happens, kind in ((renamed, "renamed"), (moved, "moved"), (described, "described")):
                if happens:
                    getattr(self.plan, kind).append(wanted)

    def _too_early(self, row: DivisionRow, since: date) -> None:
        self.wrong(
            row, "on", f"生效日期早于现有记录（{since:%Y-%m-%d}）。",
            f"the day is before that of what is recorded ({since:%Y-%m-%d}).",
        )  # fmt: skip

    def _close(self, closing: Sequence[_Read], leaving: Collection[UUID]) -> None:
        parents = {node.id: node.parent for node in self.tree.nodes.values() if not node.closed}
        parents |= {wanted.id: wanted.parent for wanted in self.plan.moved}
        staying = {parent: place for place, parent in parents.items() if place not in leaving}
        for item in closing:
            row, node = item.source, item.node
            if node is None:
                if item.code in self.closed_codes:
                    self.plan.unchanged += 1
                else:
                    self.wrong(
                        row,
                        "code",
                        f"没有代码为 {item.code} 的区划。",
                        f"there is no place with code {item.code}.",
                    )
            elif not self._within(item, node.id):
                continue
            elif node.id in staying:
                name = self.tree.nodes[staying[node.id]].name
                self.wrong(row, "closed", f"其下还有“{name}”，请先调整。", f"{name} is still under it.")
            elif max(node.named_on, node.placed_on) > self.on:
                self._too_early(row, max(node.named_on, node.placed_on))
            else:
                self.plan.closed.append(node.id)
                self.plan.closing[node.id] = row.row


def compare(rows: Iterable[DivisionRow], tree: Tree, *, on: date, reach: Collection[UUID] | None) -> Plan:
    """What the rows change in the tree from the day `on`. `reach` limits it to these places (None: all)."""
    return _Comparison(tree, on, reach).run(rows)


def line_of(place: UUID, parents: Mapping[UUID, UUID | None]) -> dict[UUID, int]:
    """A place and all above it, with the distance to each."""
    line: dict[UUID, int] = {}
    step: UUID | None = place
    while step is not None:
        line[step] = len(line)
        step = parents.get(step)
    return line
