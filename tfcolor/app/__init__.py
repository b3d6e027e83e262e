"""The web app of `tfcolor app`: `server` runs it, `page` is what is seen, the rest is the work."""
