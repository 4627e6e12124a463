"""From a network and from a tree back to text: one spelling for everything that means the same."""
