"""The life of a build, and where it is kept."""
