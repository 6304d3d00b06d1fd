"""Figures, printed by one command: python -m tests.bench."""
