"""What is seen of statements on their way to the server: how many, how long, how they end, and which repeat."""
