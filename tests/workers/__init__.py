"""Templates are rendered in processes of their own."""
