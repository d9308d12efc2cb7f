"""Sweeps (敲门行动): the same thing at many doors, and which are missing."""
