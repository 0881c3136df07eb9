"""What holds for all tests."""

from __future__ import annotations

from hypothesis import settings

# How long an example takes says more about what else the computer does than about pyxie.
settings.register_profile("pyxie", deadline=None)
settings.load_profile("pyxie")
