"""What `pyxie probe` does: ask the network as a client's firmware does, and follow the answers."""
