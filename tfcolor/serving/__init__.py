"""Networks that another program runs."""
