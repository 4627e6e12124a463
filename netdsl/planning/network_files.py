"""Networks by name: files, shipped networks, standard input; and texts of other formats, recognised."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from netdsl.diagnostics import Diagnosed, Diagnostic, file_error, has_errors
from netdsl.opening import NotAFileError, content_of, writable
from netdsl.resources import zoo_folder, zoo_names, zoo_text
from netdsl.source import Source, undressed

if TYPE_CHECKING:
    from netdsl.planning.pipeline import Checked

FILE_LIMIT = 2**20
"""Bytes of a network file."""

STDIN = "-"

RECIPE_ENDING = ".train"
"""Of the name of a file that holds a recipe and no network."""

RECIPE_SAID = ("a recipe", "a recipe has lines such as `batch 64` and `optimizer sgd rate 0.1`")


def open_source(name: str) -> Source:
    """The text of a file, of a shipped network (``lenet``), or of standard input (``-``).

    Raises Diagnosed with what is wrong with the file as a whole.
    """
    if name == STDIN:
        return _source("<stdin>", _standard_input())
    try:
        content = content_of(name, FILE_LIMIT + 1, pipes=True)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        if name in zoo_names():
            return Source(f"zoo:{name}", zoo_text(name), zoo_folder())
        raise Diagnosed(_missing(name)) from None
    except NotAFileError as error:
        raise Diagnosed(_no_file(name, error)) from None
    except OSError as error:
        raise Diagnosed(_unreadable(name, error)) from None
    return _source(name, content, os.path.dirname(os.path.abspath(name)))


_read: list[object] = []
"""The stream that standard input was when something came of it."""


def _standard_input() -> bytes:
    if sys.stdin is None:  # closed by whoever called
        raise Diagnosed(file_error("ND007", "<stdin>", "standard input is closed"))
    stream = sys.stdin.buffer
    try:
        content = stream.read(FILE_LIMIT + 1)
    except OSError as error:
        raise Diagnosed(_unreadable("<stdin>", error)) from None
    if content:
        _read[:] = [stream]
    elif stream in _read:
        message = "standard input has already been read, and can be read only once"
        raise Diagnosed(file_error("ND007", "<stdin>", message, "name a file instead of the second `-`"))
    return content


def too_large(name: str) -> Diagnostic:
    """The finding about a file of more bytes than a network may have."""
    return file_error(
        "ND004", name, "the file is larger than 1 MiB", "a network file is a few kilobytes of text"
    )


_WEIGHTS = {
    b"PK\x03\x04": "a zip archive, such as a PyTorch checkpoint",
    b"\x89HDF": "an HDF5 file, such as a Keras model",
    b"\x80\x02": "a Python pickle",
    b"\x1f\x8b": "compressed with gzip",
}
"""How binary files begin that people take for networks."""


def _source(name: str, content: bytes, folder: str = "") -> Source:
    """The characters of a file; raises Diagnosed where they are none, or none to work with."""
    if len(content) > FILE_LIMIT:
        raise Diagnosed(too_large(name))
    try:
        text, text_format = undressed(content.decode("utf-8"))
    except UnicodeDecodeError as error:
        weights = next((what for begins, what in _WEIGHTS.items() if content.startswith(begins)), "")
        if weights:
            message = f"the file is binary, not text: it seems to be {weights}"
            raise Diagnosed(file_error("ND005", name, message, "name a network file")) from None
        message = f"the file is not UTF-8 text: byte {error.start} is 0x{content[error.start]:02x}"
        raise Diagnosed(file_error("ND005", name, message, "save it as UTF-8")) from None
    if "\0" in text:
        message = f"the file is binary, not text: byte {content.index(0)} is zero"
        raise Diagnosed(file_error("ND005", name, message, "name a network file"))
    if not text.strip():
        cure = "begin with `input 32x32x1`; `netdsl zoo lenet` shows a whole network"
        if name.endswith(RECIPE_ENDING):
            cure = RECIPE_SAID[1]
        raise Diagnosed(file_error("ND006", name, "the file is empty", cure))
    return Source(name, text, folder, text_format)


def _missing(name: str) -> Diagnostic:
    if os.path.islink(name):
        where = writable(os.readlink(name))
        message = f"this link points to {where}, which does not exist"
        return file_error("ND001", name, message, "fix the link, or name another file")
    near = _nearest(name)
    cures = (f"did you mean `{near}`?",) if near else ()
    listed = "`netdsl zoo` lists the shipped networks"
    return file_error(
        "ND001", name, "there is no such file and no shipped network of this name", *cures, listed
    )


def _nearest(name: str) -> str | None:
    """The nearest of the files beside a name and the networks that are shipped, endings aside; of a file and
    a network alike the one that is written as the name is, with its ending or without."""
    from netdsl.spelling import did_you_mean

    shipped = {shipped: shipped for shipped in zoo_names()}
    files = {file.removesuffix(".net"): file for file in beside(name, ".net")}
    known = {**shipped, **files} if name.endswith(".net") else {**files, **shipped}
    near = did_you_mean(name.removesuffix(".net"), known)
    return known[near] if near else None


def beside(name: str, ending: str) -> list[str]:
    """The files in the folder of a name whose own names end so; no links that lead nowhere."""
    folder = os.path.dirname(name)
    try:
        ours = (entry for entry in os.listdir(folder or ".") if entry.endswith(ending))
        return [path for entry in ours if os.path.isfile(path := os.path.join(folder, entry))]
    except (OSError, ValueError):
        return []


def _no_file(name: str, error: NotAFileError) -> Diagnostic:
    if os.path.isdir(name):
        cures = [f"name a file in it: {name}/*.net"]
        if name in zoo_names():
            cures = [
                f"`netdsl check ./{name}` checks the files in the folder",
                f"`netdsl zoo {name} > {name}.net` writes the shipped network of this name",
            ]
        return file_error("ND002", name, "this is a folder, not a network file", *cures)
    cure = "read a pipe with `-`: command | netdsl check -"
    return file_error("ND003", name, str(error.strerror), cure)


def _unreadable(name: str, error: OSError) -> Diagnostic:
    return file_error("ND007", name, f"the file cannot be read: {error.strerror or error}")


_NETWORK = ("a network", "write the network in netdsl's language; `netdsl zoo lenet` shows one")


def foreign(source: Source, expected: tuple[str, str] = _NETWORK) -> list[Diagnostic]:
    """The finding that a text seems to be of another format; none where it seems to be what is expected,
    which is a noun and a cure."""
    from netdsl.likeness import likeness, reader

    what = likeness(source.text)
    noun, cure = expected
    message = f"this seems to be {what}, not {noun}"
    read = reader(what, "-" if source.name == "<stdin>" else source.name) if expected is _NETWORK else ""
    return [file_error("ND008", source.name, message, read or cure)] if what else []


def planned(source: Source) -> Checked:
    """What ``plan_source`` finds; of a text with mistakes that seems to be of another format, that alone."""
    from netdsl.planning.pipeline import (  # what is only opened, or known, needs no planner
        Checked,
        plan_source,
    )

    checked = plan_source(source)
    if has_errors(checked.diagnostics) and (strange := foreign(source)):
        return Checked(None, strange)
    return checked
