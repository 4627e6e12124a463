"""The manual: a page for each command in docs/commands and a man page in man, from what click knows.

    python -m netdsl.commands.manual

writes them; a test fails where they are stale. Nothing here is loaded by the commands themselves.
"""
