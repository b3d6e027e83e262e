"""Keras functional models, one builder per file, in Keras only, so that any backend runs them."""
