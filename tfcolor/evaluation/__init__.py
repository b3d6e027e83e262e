"""Colorizers measured on photographs: streams, scores, intervals and what is written of them."""
