"""Geometry (几何) of grids and of the tiles that show them: shapely and NumPy in, the same out."""

from shanzhi.core.geometry.cells import grid_polygons, voronoi_cells
from shanzhi.core.geometry.project import Metres, from_mercator, mercator
from shanzhi.core.geometry.tiles import MAX_ZOOM, Layer, packed, packed_pyramid, pyramid

__all__ = [
    "MAX_ZOOM", "Layer", "Metres", "from_mercator", "grid_polygons", "mercator", "packed",
    "packed_pyramid", "pyramid", "voronoi_cells",
]  # fmt: skip
