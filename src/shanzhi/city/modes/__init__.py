"""Modes (平急转换): which plan's activation is live where, until when, on what basis."""
