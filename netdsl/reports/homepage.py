"""Where this copy of netdsl comes from, and the address of a code's page there.

The repository has no address of its own: it is where whoever installed netdsl found it.
"""

from __future__ import annotations

import json
import re
from functools import cache

import netdsl

_ADDRESS = re.compile(r"(https?://)(?:[^/@\s]*@)?([^\s?#]+?)(?:\.git)?/?")
"""An address without a name and a password."""


@cache
def repository() -> tuple[str, str] | None:
    """The address that netdsl was installed from, and the revision; None where that was no repository."""
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        origin = json.loads(distribution("netdsl").read_text("direct_url.json") or "{}")
        address = _ADDRESS.fullmatch(origin["url"])
        revision = origin["vcs_info"]["commit_id"]
    except (PackageNotFoundError, ValueError, KeyError, TypeError):
        return None
    return (f"{address[1]}{address[2]}", str(revision)) if address else None


def homepage() -> str:
    """The repository, or a name of this version that is no address."""
    found = repository()
    return found[0] if found else f"urn:netdsl:version:{netdsl.__version__}"


def page_of(code: str) -> str:
    """The page of a code in the repository, as it was at this version, or a name that is no address."""
    found = repository()
    if found is None:
        return f"urn:netdsl:code:{code}"
    return f"{found[0]}/blob/{found[1]}/netdsl/explanations/{code}.md"
