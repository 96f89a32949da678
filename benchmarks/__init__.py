"""The same work here and on the alternatives, one command each, figures to a file."""
