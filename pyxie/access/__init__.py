"""API tokens with names, scopes and an expiry; and the audit log."""
