"""Lines that hold for a whole file, and what is claimed and expected of it."""
