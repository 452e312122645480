"""Tests of `phone/`."""
