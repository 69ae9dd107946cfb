"""Doors of generation: the studio, jobs, files."""
