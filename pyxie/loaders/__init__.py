"""Boot loaders: which there are, for which machines, and who gets which."""
