"""netdsl: describe a convolutional network, check it, compile it, train it."""

__version__ = "0.1.0"
