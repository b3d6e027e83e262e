"""Color: CIE Lab, color classes, color differences and gray conversions."""
