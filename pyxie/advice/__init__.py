"""What is said of a build that can begin, and that will hardly do what is wanted."""
