"""Functions that no processor computes by itself: one file for each, loaded when a formula calls it."""
