"""What networks see in photographs, for figures of whole sets of them."""
