"""Is a file what was meant: SHA-256, lists of them, and the signatures of those."""
