"""The HTTP server: boot files, waitron's routes, the REST API."""
