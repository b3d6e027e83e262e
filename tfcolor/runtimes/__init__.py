"""What runs a network: the bundled file, LiteRT, ONNX, SavedModels, and runs of training."""
