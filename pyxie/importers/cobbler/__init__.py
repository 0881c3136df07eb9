"""Cobbler's distros, profiles, systems and templates become pyxie's."""
