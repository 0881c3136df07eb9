"""What is run, or called, at the points of a build's life."""
