"""Tests on live kernel objects."""
