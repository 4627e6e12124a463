"""Searching for a recipe: trials, each a run of its own, and the journal that several processes share."""
