"""Rosters (值班值守): somebody at a post for a shift."""
