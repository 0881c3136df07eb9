"""Copies of other servers' kernels and initrds on disk: fetched once, served from then on."""
