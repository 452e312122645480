"""Tests of `turn/`."""
