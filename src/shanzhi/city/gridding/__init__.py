"""Division into micro-grids (微网格划分): proposals, corrections by hand, publishing."""
