"""A waitron's settings, machines, groups, hooks and templates become pyxie's."""
