"""Matchbox's profiles, groups and templates become pyxie's."""
