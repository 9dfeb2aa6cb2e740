"""Which keys a typed configuration has, read from its types."""

from collections.abc import Iterator, Sequence
from typing import Any, get_args, get_origin

from pydantic import BaseModel


def keys(kind: Any, location: Sequence[int | str] = ()) -> list[str]:
    """Keys of the record at `location` inside a type; none where there is no record.

    A location is as pydantic's errors have it: names of fields, keys of mappings, places in lists.
    """
    for part in location:
        kind = _part(kind, part)
    found = _record(kind)
    return list(found.model_fields) if found else []


def dotted(kind: Any, prefix: str = "") -> Iterator[str]:
    """Every key of a record and of the records in it, such as `model.dataset.max_bin`; records themselves left out."""
    found = _record(kind)
    for name, field in found.model_fields.items() if found else ():
        if _record(field.annotation) is None:
            yield f"{prefix}{name}"
        else:
            yield from dotted(field.annotation, f"{prefix}{name}.")


def _record(kind: Any) -> type[BaseModel] | None:
    """The record that a type is, or one of a union is."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return kind
    if get_origin(kind) in (dict, list):
        return None
    return next((found for argument in get_args(kind) if (found := _record(argument)) is not None), None)


def _part(kind: Any, part: int | str) -> Any:
    """The type of a field, or of the entries of a mapping or list; None where there is no such part."""
    found = _record(kind)
    if found is not None:
        field = found.model_fields.get(str(part))
        return field.annotation if field else None
    if get_origin(kind) in (dict, list):
        return get_args(kind)[-1]
    return next((inner for argument in get_args(kind) if (inner := _part(argument, part)) is not None), None)
