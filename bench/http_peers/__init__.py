"""The peers of bench/http.py: the same work on the same tables, the usual way and the barest way."""
