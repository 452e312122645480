"""Tests of `guide/`."""
