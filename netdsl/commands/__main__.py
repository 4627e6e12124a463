"""``python -m netdsl.commands`` is the console script."""

from netdsl.commands import main

if __name__ == "__main__":
    main()
