"""Colors: CIE Lab, its classes, differences, and ways of making gray."""
