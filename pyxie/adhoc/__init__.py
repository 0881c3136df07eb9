"""Boots by hand: what `pyxie boot` gives machines, for as long as it runs."""
