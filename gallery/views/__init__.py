"""Doors of the gallery. No rule lives here."""
