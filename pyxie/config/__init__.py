"""``config.yaml`` and machine files: YAML with places, and models."""
