"""Scenes: what a city does with the engines."""
