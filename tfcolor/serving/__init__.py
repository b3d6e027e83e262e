"""Networks that TF Serving runs: the contract of their signatures, and clients."""
