"""Templates, command lines and boot scripts."""
