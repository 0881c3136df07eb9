"""Tokens with names, scopes and an end; and the log of who changed what."""
