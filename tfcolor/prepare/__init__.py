"""Photographs of any source -> a TFDS set on disk: small, clean, without copies."""
