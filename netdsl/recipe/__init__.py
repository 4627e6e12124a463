"""The recipe: how a network is trained, read, checked and written again."""
