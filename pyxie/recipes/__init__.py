"""Where the common systems' installers are: data, a YAML file a system."""
