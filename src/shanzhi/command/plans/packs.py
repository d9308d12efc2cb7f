"""Plans of the packs: read, checked and loaded as version 1."""

from datetime import datetime
from pathlib import Path

import msgspec
import yaml
from django.conf import settings

from shanzhi.base.access import Actor
from shanzhi.city.places.models import Place
from shanzhi.command.plans import actions, document
from shanzhi.command.plans.document import PlanDoc
from shanzhi.core.kit.yaml_files import read_yaml


def read(path: Path) -> PlanDoc:
    """The plan of a file. Raises InvalidInput naming where it is wrong."""
    return document.read(read_yaml(path))


def files() -> list[Path]:
    """The files of the pack."""
    return sorted((settings.PACKS / "plans").glob("*.yaml"))


def load_all(place: Place, *, actor: Actor, at: datetime) -> int:
    """Load every plan of the pack for a place; how many were new."""
    return sum(actions.load(read(path), place, actor=actor, at=at) for path in files())


def as_yaml(doc: PlanDoc) -> str:
    """A plan as the text of a pack, for another city."""
    said: str = yaml.safe_dump(
        msgspec.to_builtins(doc), allow_unicode=True, sort_keys=False, width=110, default_flow_style=False
    )
    return said
