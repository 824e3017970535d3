"""Pages that are made from the package: a file has ``pages``, path to content, and ``titles`` where it needs them."""
