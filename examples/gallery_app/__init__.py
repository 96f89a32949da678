"""A gallery of characters as a web page: `make demo-web`, or `python -m examples.gallery_app`."""
