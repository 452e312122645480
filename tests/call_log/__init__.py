"""Tests of `call_log/`."""
