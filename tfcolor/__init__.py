"""tfcolor: colorize black-and-white photographs, and train, measure and export a colorizer."""

__version__ = "0.1.0"
