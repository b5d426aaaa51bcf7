"""The composition root: settings, URLs, wiring, the command line and how the product starts."""
