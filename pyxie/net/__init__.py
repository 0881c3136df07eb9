"""The host's network interfaces, as they are now."""
