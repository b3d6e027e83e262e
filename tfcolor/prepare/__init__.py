"""Makes a TFDS set from photographs of any source: small, clean and without copies."""
