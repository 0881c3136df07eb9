"""What was found, in English: by subject, each finding in one place."""
