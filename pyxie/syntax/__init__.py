"""Templates in tokens: what pyxie reads of languages that are not its own."""
