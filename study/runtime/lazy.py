"""Registries whose entries are imported when they are first used."""

import importlib
from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any


class Lazy(MutableMapping[str, Any]):
    """A mapping from names to objects, given as "module:Name" with a module below `package`."""

    def __init__(self, package: str, homes: Mapping[str, str]):
        self._package, self._entries = package, dict[str, Any](homes)

    def __getitem__(self, name: str) -> Any:
        entry = self._entries[name]
        if isinstance(entry, str):
            module, _, attribute = entry.partition(":")
            entry = getattr(importlib.import_module(f"{self._package}.{module}"), attribute)
            self._entries[name] = entry
        return entry

    def __setitem__(self, name: str, entry: Any) -> None:
        self._entries[name] = entry

    def __delitem__(self, name: str) -> None:
        del self._entries[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, name: object) -> bool:
        return name in self._entries
