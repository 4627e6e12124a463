"""JSON held to the published schemas, more strictly than they say: nothing is left undescribed."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from netdsl.resources import schema_text

_MOST_CHARACTERS = 100_000
"""Of what every test writes that is validated: pure Python takes half a second for so much."""


def _closed(schema: Any) -> Any:
    """A schema whose objects may have no other properties than it names."""
    if isinstance(schema, list):
        return [_closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: _closed(value) for key, value in schema.items() if key != "allOf"}
    if isinstance(schema.get("required"), list) and schema.get("type") == "object":
        closed["additionalProperties"] = False
        assert set(schema["required"]) <= set(schema["properties"])
    return closed


@cache
def validator(kind: str) -> Draft202012Validator:
    schema = json.loads(schema_text(kind))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(_closed(schema))


def validate(kind: str, text: str) -> None:
    """Fails where JSON is not what the schema says, or does not say."""
    fault = best_match(validator(kind).iter_errors(json.loads(text)))
    assert fault is None, f"{'/'.join(map(str, fault.absolute_path))}: {fault.message[:500]}"


def validate_short(kind: str, text: str) -> None:
    if len(text) <= _MOST_CHARACTERS:
        validate(kind, text)
