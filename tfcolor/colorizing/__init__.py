"""Photographs and a network -> photographs in color: one in memory, a folder, an archive."""
