"""``python -m netdsl.commands.manual`` writes docs/commands and man."""

from netdsl.commands.manual.pages import write_pages

if __name__ == "__main__":
    write_pages()
