"""Kinds, labels and references to them; what is said where a name means nothing."""
