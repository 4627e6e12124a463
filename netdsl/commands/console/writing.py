"""What the commands that change network files share."""

from __future__ import annotations

import errno
import os
import re
from typing import TYPE_CHECKING

import click

from netdsl.diagnostics import Diagnosed, file_error
from netdsl.planning.network_files import STDIN
from netdsl.source import Source

if TYPE_CHECKING:
    from pathlib import Path


def check_writable(source: Source, ctx: click.Context) -> None:
    """Raise a usage error for a shipped network, which is everyone's."""
    if source.name.startswith("zoo:"):
        name = source.name.removeprefix("zoo:")
        raise click.UsageError(
            f"{name!r} is a shipped network, not a file: netdsl zoo {name} > {name}.net", ctx
        )


def replace_text(name: str, text: str) -> None:
    """Replace a file in one step, or leave it as it is; a link stays a link, permissions stay.

    Raises Diagnosed: ND545 where a link leads out of its folder, so that a folder from a stranger
    does not name files of yours; ND515 where the system does not let us write.
    """
    from pathlib import Path

    from netdsl.writing import replace_file

    path = os.path.realpath(name)
    folder = os.path.realpath(os.path.dirname(name) or ".")
    if os.path.islink(name) and os.path.commonpath([folder, path]) != folder:
        raise Diagnosed(
            file_error(
                "ND545",
                name,
                f"this link leads out of its folder, to {path}, and netdsl does not write through such links",
                "name that file itself to write to it",
            )
        )
    cure = "free some space, or copy it to a folder that you may write to"
    replace_file(Path(path), [text.encode()], cure=cure)


def check_named(context: click.Context, name: str | None, noun: str, hint: str) -> None:
    """Raise a usage error where an option ``hint`` names no place for what is written: nothing, or ``-``,
    which would be a file or folder of this name. ``noun`` is ``file`` or ``folder``."""
    if name == "":
        raise click.BadParameter(f"name a {noun}", context, param_hint=hint)
    if name == STDIN:
        cure = f"name a {noun}; `./-` is a file called `-`"
        raise click.BadParameter(f"this does not go to standard output: {cure}", context, param_hint=hint)


_PNG = b"\x89PNG\r\n\x1a\n"


def picture_path(context: click.Context, name: str, hint: str) -> Path:
    """The file that an option ``hint`` names for a picture; a file that is none is never replaced."""
    from pathlib import Path

    from netdsl.opening import NotAFileError, content_of

    check_named(context, name, "file", hint)
    path = Path(name)
    try:
        begin = content_of(path, len(_PNG))
    except NotAFileError as error:
        raise click.BadParameter(f"{str(path)!r}: {error.strerror}", context, param_hint=hint) from error
    except (OSError, ValueError):
        return path
    if begin not in (b"", _PNG):
        raise click.BadParameter(f"{str(path)!r} exists and is not a PNG", context, param_hint=hint)
    return path


_STREAM = re.compile(r"/dev/(?:stdout|stderr|fd/(\d{1,4}))")
_STANDARD = {"/dev/stdout": 1, "/dev/stderr": 2}
_NOWHERE = (os.devnull, "/dev/null")


def write_output(name: str, text: str) -> None:
    """Write a file that the command line names, in one step; a stream, such as ``/dev/fd/3``, as it goes;
    nothing to ``/dev/null``.

    Raises OSError, also for a name that is a link, a folder, a pipe or a device: a folder from a
    stranger may hold one under a name that a script uses.
    """
    from pathlib import Path

    from netdsl.writing import write_file

    if name in _NOWHERE:
        return
    stream = _STREAM.fullmatch(name)
    if stream is not None:
        # It is open already, so that nobody is waited for.
        descriptor = os.dup(int(stream[1]) if stream[1] else _STANDARD[name])
        with open(descriptor, "wb") as file:
            file.write(text.encode())
        return
    if os.path.islink(name):
        raise FileExistsError(errno.EEXIST, "this is a link; name the file that it points to")
    write_file(Path(name), [text.encode()])
