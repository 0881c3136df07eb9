"""Templates are rendered in processes of their own, which hold nothing and can be ended."""
