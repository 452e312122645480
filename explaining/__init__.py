"""Explains decisions: what a rule found, and whether a call is still decided as it was."""
