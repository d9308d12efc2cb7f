"""The command board (指挥板): roll-ups of an event on one page."""
