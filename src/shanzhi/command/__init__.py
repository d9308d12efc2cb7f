"""Command: look and decide."""
