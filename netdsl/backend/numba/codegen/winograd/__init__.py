"""Convolutions in Winograd's domain."""
