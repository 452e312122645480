"""Whom to serve: the origin of a request, tokens, and visitors with a browser."""
