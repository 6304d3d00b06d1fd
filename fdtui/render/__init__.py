"""Bytes and strangers\x27 text to rows; pure functions."""
