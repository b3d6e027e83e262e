"""Pages of HTML and figures, as reports and studies show them."""
