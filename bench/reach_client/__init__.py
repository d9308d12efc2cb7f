"""Harness and light client of `bench/reach.py`."""
