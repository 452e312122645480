"""Tests of `emulator/`."""
