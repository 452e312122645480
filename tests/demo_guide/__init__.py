"""Tests of `demo_guide/`."""
