"""Prompts in, assets out; spends credits. Works with the gallery deleted."""
