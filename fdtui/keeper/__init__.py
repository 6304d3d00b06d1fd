"""The process that owns every acquired descriptor, and how to talk to it."""
