"""Colorizes photographs by a network: one in memory, a folder, or a large archive."""
