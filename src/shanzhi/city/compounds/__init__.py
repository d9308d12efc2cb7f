"""Compounds, their buildings, stairwells, floors and homes (小区、楼栋、单元、楼层、户)."""
