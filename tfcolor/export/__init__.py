"""Exports a trained generator: SavedModels with a model card, LiteRT and ONNX files."""
