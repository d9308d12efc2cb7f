"""Divisions and grids (区划)."""
