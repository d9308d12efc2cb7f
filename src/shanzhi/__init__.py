"""Shanzhi 善治: the grid platform of a city."""
