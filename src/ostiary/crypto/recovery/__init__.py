"""What goes into every recovery bundle: the stand-alone program and the description of the formats."""
