"""pongo2, a Django-like template language for Go, in Jinja2."""
