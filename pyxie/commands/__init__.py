"""The commands of `pyxie`, by subject; `pyxie.cli` puts them together."""
