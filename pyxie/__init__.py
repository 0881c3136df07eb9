"""pyxie: an all-in-one PXE server, and the registry of the machines it boots."""

__version__ = "0.1.0"
