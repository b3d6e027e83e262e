"""Films, colorized frame by frame and steadied along time; extra `video` (PyAV)."""
