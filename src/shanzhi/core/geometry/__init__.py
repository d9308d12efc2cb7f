"""Geometry (几何): cells of points, planes of metres; numpy and shapely in, arrays out."""

from shanzhi.core.geometry.cells import grid_polygons, voronoi_cells
from shanzhi.core.geometry.project import Metres

__all__ = ["Metres", "grid_polygons", "voronoi_cells"]
