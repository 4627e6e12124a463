"""Blocks, repetition and `where`: a file is expanded to its layers."""
