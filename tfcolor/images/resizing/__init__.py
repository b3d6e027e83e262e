"""Photographs and planes in another size, by one definition: in NumPy and in TensorFlow's ops."""
