"""What a stranger, a mistake and a bad moment do to a live daemon, in bounded load and time."""
