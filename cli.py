"""Run netdsl from a checkout: ``python cli.py check nets/lenet.net``."""

from netdsl.commands import main

if __name__ == "__main__":
    main()
