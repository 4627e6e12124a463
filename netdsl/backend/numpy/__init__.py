"""Every primitive in a few lines of NumPy: slow, plain, and what the others are tested against."""
