"""Kernels and initrds: local folders, and other servers' files streamed."""
