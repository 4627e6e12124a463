"""The closed set of operations that every layer lowers to, each with its gradient.

Pure data: backends compute them, and nothing here knows how.
"""
