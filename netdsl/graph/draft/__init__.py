"""The layers in their order, before all of them are known: what is added and what is missing."""
