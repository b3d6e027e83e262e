"""Resizes photographs and planes, by one definition in NumPy and in TensorFlow ops."""
