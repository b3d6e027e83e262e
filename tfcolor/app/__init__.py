"""The web app of `tfcolor app`: `launch` serves it, `page` lays it out, `actions` handle events."""
