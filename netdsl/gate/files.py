"""The files of settings: what they are called, and their text."""

from __future__ import annotations

import os
import re

from netdsl.diagnostics import Diagnosed, file_error
from netdsl.opening import content_of
from netdsl.source import Source, undressed

PYPROJECT = "pyproject.toml"

FILES = (".netdsl.toml", "netdsl.toml", PYPROJECT)
"""Names of files of settings; the first one of a folder counts."""

_LIMIT = 2**20

_SETTLES = re.compile(r"""^[ \t]*\[?\[?[ \t]*["']?tool["']?[ \t]*(?:\.[ \t]*["']?netdsl\b|\]|=)""", re.M)
"""Where a pyproject.toml may have settings of ours: the reader of TOML is loaded for few of them."""


def text_of(path: str) -> Source:
    """The text of a file of settings; raises Diagnosed: ND685 where it cannot be read."""
    try:
        content = content_of(path, _LIMIT + 1)
        if len(content) > _LIMIT:
            raise Diagnosed(file_error("ND685", path, "the file is larger than 1 MiB"))
        text, text_format = undressed(content.decode("utf-8"))
    except FileNotFoundError:
        raise Diagnosed(file_error("ND685", path, "there is no such file")) from None
    except UnicodeDecodeError as error:
        message = f"the file is not UTF-8 text: byte {error.start} is 0x{content[error.start]:02x}"
        raise Diagnosed(file_error("ND685", path, message, "save it as UTF-8")) from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise Diagnosed(file_error("ND685", path, f"the settings cannot be read: {why}")) from None
    return Source(path, text, text_format=text_format)


def is_ours(source: Source) -> bool:
    """Whether a file can have settings of ours: a pyproject.toml of others is passed over."""
    return os.path.basename(source.name) != PYPROJECT or bool(_SETTLES.search(source.text))
