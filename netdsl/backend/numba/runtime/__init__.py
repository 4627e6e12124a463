"""A program bound to memory, and the threads that run it."""
