"""The page: what people see of pyxie in a browser, and what they press."""
