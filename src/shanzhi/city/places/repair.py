"""Polygons of files, made valid (边界修复). Pure."""

import json
from dataclasses import dataclass
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry


@dataclass(frozen=True, slots=True)
class Repaired:
    """A valid polygon; `fault` is what was wrong with it as published, "" if nothing."""

    shape: BaseGeometry
    fault: str = ""


def polygon_of(geometry: Any) -> Repaired | None:
    """The polygons of a GeoJSON geometry, repaired where invalid; None when it encloses nothing.

    Repair keeps the area that the rings mean (shapely.make_valid) and drops what is left of lines and points.
    """
    try:
        shape = shapely.from_geojson(json.dumps(geometry))
    except (shapely.GEOSException, TypeError, ValueError):
        return None
    if shape is None or shape.is_empty or shape.geom_type not in {"Polygon", "MultiPolygon"}:
        return None
    shape = shapely.force_2d(shape)
    if shape.is_valid:
        return Repaired(shape) if shape.area > 0 else None
    fault = str(shapely.is_valid_reason(shape))
    parts = [
        part for part in shapely.get_parts(shapely.make_valid(shape)).tolist()
        if part.geom_type in {"Polygon", "MultiPolygon"}
    ]  # fmt: skip
    made = shapely.union_all(parts)
    return Repaired(made, fault) if not made.is_empty and made.area > 0 else None
