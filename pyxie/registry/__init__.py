"""The machines: one YAML file each."""
