"""Features of photographs by networks, for metrics of whole sets."""
