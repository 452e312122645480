"""A call as JSON Lines: the format, and the writer."""
