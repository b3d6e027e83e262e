"""tfcolor: colorize black-and-white photographs, and train, measure and export a colorizer."""

import os

__version__ = "0.1.0"

# TensorFlow reads it when it is imported. By itself it takes its convolutions from oneDNN on
# processors with VNNI instructions alone; on the others they take up to twice as long without it.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
