"""The steps of each boot."""
