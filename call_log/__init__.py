"""A call as JSON Lines: the format, and what writes it beside a call."""
