"""Colorizes films frame by frame and smooths colors over time; extra `video` (PyAV)."""
