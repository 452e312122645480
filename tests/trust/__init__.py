"""Tests of `trust/`."""
