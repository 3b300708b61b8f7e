"""A dict of headers, one of which is requested again each time it is read."""

from __future__ import annotations

from typing import Any, Callable, Dict, ItemsView, Iterator, KeysView, Mapping, Optional, Tuple, ValuesView


class LiveHeaders(Dict[str, str]):
    """Headers with the current one of cgp-cred, which ``read`` returns, or an empty mapping.

    The caller may add, replace and delete headers as in any dict; a header that the caller set or deleted is not
    requested any more. A copy, a merge, ``items()`` and JSON have the headers of that moment in a plain dict. C code
    that looks past the methods of a subclass finds those of the last time that they were read. A pickle has the
    caller's own headers, and no token.
    """

    def __init__(self, read: Callable[[], Mapping[str, str]]) -> None:
        super().__init__()
        self._read: Optional[Callable[[], Mapping[str, str]]] = read
        self._name = ""  # of the header that was read last; empty: none
        self._refresh()

    def _refresh(self) -> None:
        """Put the current header into the dict itself."""
        if self._read is None:
            return
        now = self._read()
        if self._name not in now:
            dict.pop(self, self._name, None)
            self._name = next((name for name in now if not dict.__contains__(self, name)), "")
        if self._name:
            dict.__setitem__(self, self._name, now[self._name])

    def _release(self, name: str) -> None:
        """Leave a header to the caller, who sets or deletes it."""
        if name == self._name:
            self._read, self._name = None, ""

    # Reading.

    def copy(self) -> Dict[str, str]:
        self._refresh()
        return {name: value for name, value in dict.items(self)}  # dict() of the view would ask len() on PyPy

    def __getitem__(self, name: str) -> str:
        self._refresh()
        return dict.__getitem__(self, name)

    def get(self, name: str, default: Any = None) -> Any:
        return self.copy().get(name, default)

    def __contains__(self, name: object) -> bool:
        return name in self.copy()

    def __iter__(self) -> Iterator[str]:  # with its own __iter__, dict(h) and {**h} ask keys() and __getitem__
        return iter(self.copy())

    def __reversed__(self) -> Iterator[str]:
        return reversed(self.copy())

    def __len__(self) -> int:
        return len(self.copy())

    def keys(self) -> KeysView[str]:
        return self.copy().keys()

    def values(self) -> ValuesView[str]:
        return self.copy().values()

    def items(self) -> ItemsView[str, str]:
        return self.copy().items()

    def __eq__(self, other: object) -> bool:
        return self.copy() == (other.copy() if isinstance(other, LiveHeaders) else other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = None  # type: ignore[assignment]

    def __or__(self, other: Any) -> Any:
        return {**self.copy(), **other} if isinstance(other, dict) else NotImplemented

    def __ror__(self, other: Any) -> Any:
        return {**other, **self.copy()} if isinstance(other, dict) else NotImplemented

    # Changing.

    def __setitem__(self, name: str, value: str) -> None:
        self._release(name)
        dict.__setitem__(self, name, value)

    def __delitem__(self, name: str) -> None:
        self._refresh()
        dict.__delitem__(self, name)
        self._release(name)

    def update(self, *others: Any, **more: str) -> None:
        for name, value in dict(*others, **more).items():
            self[name] = value

    def __ior__(self, other: Any) -> LiveHeaders:
        self.update(other)
        return self

    def setdefault(self, name: str, default: Any = None) -> Any:
        if name not in self:
            self[name] = default
        return self[name]

    def pop(self, name: str, *default: Any) -> Any:
        self._refresh()
        value = dict.pop(self, name, *default)
        self._release(name)
        return value

    def popitem(self) -> Tuple[str, str]:
        self._refresh()
        name, value = dict.popitem(self)
        self._release(name)
        return name, value

    def clear(self) -> None:
        self._release(self._name)
        dict.clear(self)

    @classmethod
    def fromkeys(cls, names: Any, value: Any = None) -> Any:
        return dict.fromkeys(names, value)

    # Showing and storing.

    def __repr__(self) -> str:
        return "<headers of cgp-cred>"

    def __copy__(self) -> Dict[str, str]:
        return self.copy()

    def __deepcopy__(self, memo: Any) -> Dict[str, str]:
        return self.copy()

    def __reduce_ex__(self, protocol: Any) -> Tuple[Any, ...]:
        own = {name: value for name, value in dict.items(self) if name != self._name}
        return _restored, (self._read, own)


def _restored(read: Optional[Callable[[], Mapping[str, str]]], own: Dict[str, str]) -> Dict[str, str]:
    if read is None:
        return own
    headers = LiveHeaders(read)
    headers.update(own)
    return headers
