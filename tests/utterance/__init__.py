"""Tests of `utterance/`."""
