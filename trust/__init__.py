"""Whom to serve: where a request came from, tokens, and visitors with a browser."""
