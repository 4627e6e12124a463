"""Foreign formats: one file for each, which reads it, writes it, or both."""
