"""What holds for all tests."""

from __future__ import annotations

from hypothesis import settings

# How long an example takes says more about what else the computer does than about pyxie.
settings.register_profile("pyxie", deadline=None)
settings.register_profile("quick", deadline=None, max_examples=10)
settings.load_profile("pyxie")
