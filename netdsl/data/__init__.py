"""Labelled images: readers of the formats, scaling to a network's input, and the split."""
