"""A trained generator -> what others run: SavedModels, LiteRT and ONNX files, with a card."""
