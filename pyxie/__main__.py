"""``python -m pyxie``."""

from pyxie.cli import main

main()
