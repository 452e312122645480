"""Decisions explained, and those of a call log made again."""
