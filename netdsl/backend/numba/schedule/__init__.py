"""Chooses how each operation is computed, and where its values are."""
