"""Media: ISO images, what they hold, and how machines boot it."""
