"""The values that were asked for last, bounded by their size."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Recent(Generic[Value]):
    """Keeps the values that were used last, up to `most` in all, each of a `size`. For threads.

    Two threads that ask for the same value at once may both make it.
    """

    def __init__(self, most: int, size: Callable[[Value], int] = lambda _: 1) -> None:
        self._most = most
        self._size = size
        self._held: OrderedDict[Hashable, Value] = OrderedDict()
        self._sum = 0
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """The value of a key, made where it is not held."""
        with self._lock:
            if key in self._held:
                self._held.move_to_end(key)
                return self._held[key]
        value = make()
        with self._lock:
            if key not in self._held:
                self._held[key] = value
                self._sum += self._size(value)
            while self._sum > self._most:
                _, oldest = self._held.popitem(last=False)
                self._sum -= self._size(oldest)
        return value

    def forget(self, key: Hashable) -> None:
        """Keep the value of a key no longer."""
        with self._lock:
            if key in self._held:
                self._sum -= self._size(self._held.pop(key))
