"""What `pyxie import` does: the files of other servers become pyxie's."""
