"""Go's text/template in Jinja2."""
