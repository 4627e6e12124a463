"""Emitters: from a primitive to launches of kernels, which are text."""
