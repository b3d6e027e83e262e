"""Keras functional models, one builder a file, in Keras alone so that any backend runs them."""
