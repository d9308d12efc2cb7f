"""Catalogue (事部件目录): kinds of matter, filing and closing conditions, limits, responsibility."""
