"""Kinds as a part of a response (响应中的事项)."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.timezone import localdate

from shanzhi.base.access import SYSTEM, Actor
from shanzhi.base.audit import actions as audit
from shanzhi.city.modes.parts import Item, Line, Live
from shanzhi.core.kit.errors import InvalidInput
from shanzhi.core.kit.yaml_files import read_yaml
from shanzhi.work.catalogue.actions import load_pack
from shanzhi.work.catalogue.models import Kind, OfferedKind


@lru_cache(maxsize=2)
def _read(path: Path, stamp: float) -> dict[str, Any]:
    document = read_yaml(path)
    return {f"02{one['major_code']}{one['minor_code']}": one for one in document["kinds"]}


def pack_path() -> Path:
    """The pack of kinds that are only offered in a response."""
    found: Path = settings.PACKS / "response" / "kinds.yaml"
    return found


def _pack() -> dict[str, Any]:
    return _read(pack_path(), pack_path().stat().st_mtime)


class KindsPart:
    """`{kind: code}`: a kind of the pack, or one of the city's own."""

    code, zh, en = "kinds", "应急事项", "Kinds of matter"

    def check(self, items: Sequence[Item]) -> None:
        """Raises InvalidInput naming kinds.<index>."""
        for index, item in enumerate(items):
            code = str(item.get("kind", ""))
            if set(item) != {"kind"} or not (code in _pack() or Kind.objects.filter(code=code).exists()):
                raise InvalidInput(
                    field=f"{self.code}.{index}.kind", reason_zh=f"没有代码为“{code[:8]}”的事项。",
                    reason_en=f"There is no kind {code[:8]}.",
                )  # fmt: skip

    def preview(self, items: Sequence[Item], live: Live, at: datetime) -> list[Line]:
        """The kinds by name."""
        if not items:
            return []
        names = [_named(str(item["kind"])) for item in items]
        return [
            Line(
                f"居民与坐席可上报：{'、'.join(zh for zh, _ in names)}",
                f"Residents and desks may report: {', '.join(en for _, en in names)}", count=len(names),
            )
        ]  # fmt: skip

    def begin(self, items: Sequence[Item], live: Live, actor: Actor, at: datetime) -> list[Line]:
        """Offer them; what the catalogue does not hold yet comes from the pack. A drill offers nothing."""
        if not items:
            return []
        if live.is_drill:
            return [Line("演练：应急事项不向居民开放", "Drill: no kinds are offered to residents", 0)]
        codes = list(dict.fromkeys(str(item["kind"]) for item in items))
        held = set(Kind.objects.filter(code__in=codes).values_list("code", flat=True))
        if set(codes) - held:
            before = set(Kind.objects.filter(code__in=_pack()).values_list("code", flat=True))
            load_pack(pack_path(), SYSTEM, at, effective_on=localdate(at))
            Kind.objects.filter(code__in=set(_pack()) - before).update(only_in_response=True)
        kinds = list(Kind.objects.filter(code__in=codes))
        OfferedKind.objects.bulk_create(
            (
                OfferedKind(
                    kind=kind, activation_id=live.activation_id, number=live.number, place_ids=list(live.place_ids),
                    from_at=at,
                )
                for kind in kinds
            ),
            ignore_conflicts=True,
        )  # fmt: skip
        audit.record(
            actor=actor, event="catalogue.kinds-offered", subject=str(live.activation_id),
            detail={"kinds": sorted(codes), "number": live.number}, at=at,
        )  # fmt: skip
        return [Line(f"已开放应急事项 {len(kinds)} 类", f"{len(kinds)} kinds offered", count=len(kinds))]

    def shrink(self, left: Sequence[Item], live: Live, actor: Actor, at: datetime) -> list[Line]:
        """Offer no longer what the new level does not hold."""
        rows = OfferedKind.objects.filter(activation_id=live.activation_id, to_at=None)
        gone = rows.exclude(kind__code__in=[str(item.get("kind", "")) for item in left]).update(to_at=at)
        return [Line(f"{gone} 类应急事项已停止受理", f"{gone} kinds closed", count=gone)] if gone else []

    def choices(self) -> dict[str, list[tuple[str, str, str]]]:
        """Kinds of the pack."""
        return {"kind": [(code, one["name"], one["name_en"]) for code, one in _pack().items()]}

    def end(self, live: Live, actor: Actor, at: datetime) -> list[Line]:
        """Offer them no longer; cases of these kinds go on."""
        ended = OfferedKind.objects.filter(activation_id=live.activation_id, to_at=None).update(to_at=at)
        if not ended:
            return []
        return [
            Line(
                f"应急事项 {ended} 类已停止受理，已受理的继续办理",
                f"{ended} kinds closed; cases go on",
                count=ended,
            )
        ]


def _named(code: str) -> tuple[str, str]:
    found = Kind.objects.filter(code=code).first()
    if found is not None:
        return found.name, found.name_en or found.name
    return _pack()[code]["name"], _pack()[code]["name_en"]
