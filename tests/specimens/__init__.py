"""Makers of live specimens, by family; each module registers its own with `specimen`."""
