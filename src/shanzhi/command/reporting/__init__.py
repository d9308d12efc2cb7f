"""Reporting (值守与报送): the duty log, reports upward with their clocks, the course of a response, its closing."""
