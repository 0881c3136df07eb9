"""The state on disk: the database, its tables and migrations, and the queue of writes."""
