"""A run of the user's code as a plain record: which value was made where, in order."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

import numpy as np

from .....tensor import Tensor
from .....users import is_users
from .probe import Run, TimeUp
from .sites import Site

MOST_EVENTS = 50_000  # beyond which no more values are noted, and a run is observed by its results only
MOST_BYTES = 2**28  # of the copies of these values
MOST_FRAMES = 100  # calls of one helper whose variables are kept
MOST_CALLS = 20  # calls around a value whose places are noted

Override = Callable[[int, Any, FrameType], Any]  # by the number of the round and the user's own value


@dataclass(slots=True, eq=False)
class Event:
    """One value that the user's code made.

    n      how many values the site had made before
    value  a copy of it
    owner  the array itself, which may have been changed since
    time   its place in the order of all values
    calls  file and line of the calls in the user's code that it was made in, the innermost first
    key    the key of the container that it was put under later
    """

    site: Site
    n: int
    value: Any
    owner: Any
    time: int
    calls: tuple[tuple[str, int], ...] = ()
    key: str = ""

    @property
    def name(self) -> str:
        """What the value is called: by its key, or as the site says."""
        return self.key or self.site.name


@dataclass(slots=True)
class Snapshot:
    """The variables of a frame, as they were when a value was made there."""

    variables: dict[str, Any]
    globals: dict[str, Any]


def is_array(value: Any) -> bool:
    """Whether a value may be a gradient: a real number, or an array of them."""
    kind = type(value)
    if kind is np.ndarray or isinstance(value, np.generic) or kind is Tensor:
        return value.dtype.kind in "fiu"
    return kind is float or kind is int


def is_mask(value: Any) -> bool:
    """Whether a value is an array of truths: the wrong one lets the wrong elements through."""
    return type(value) is np.ndarray and value.dtype.kind == "b"


def can_be_noted(site: Site, value: Any) -> bool:
    """Whether a value may be a gradient, or is a mask that was made or returned."""
    return is_array(value) or (is_mask(value) and site.kind in ("assign", "return"))


def is_of_truths(event: Event) -> bool:
    """Whether a value is a mask: of truths, or of ones and zeros."""
    return is_mask(event.owner) or bool(np.ndim(event.value) and np.all(event.value * (1 - event.value) == 0))


def as_mask(value: Any) -> Any:
    """Truths again, of an array of ones and zeros."""
    is_of_two = type(value) is np.ndarray and bool(np.all((value == 0) | (value == 1)))
    return value.astype(bool) if is_of_two else value


def copied(value: Any) -> Any:
    """A copy of an array, or of a Tensor's array; truths become numbers."""
    made = np.array(value.data if type(value) is Tensor else value)
    return (made.astype(float) if made.dtype.kind == "b" else made)[()]


MOST_ENTRIES = 64  # of a container that is copied


def as_it_is(value: Any) -> Any:
    """What a variable holds now, with its arrays copied, those in a list or dictionary too."""
    if type(value) is np.ndarray:
        return value.copy()
    if type(value) is list and len(value) <= MOST_ENTRIES:
        return [v.copy() if type(v) is np.ndarray else v for v in value]
    if type(value) is dict and len(value) <= MOST_ENTRIES:
        return {k: v.copy() if type(v) is np.ndarray else v for k, v in value.items()}
    return value


@dataclass(eq=False)
class Recording(Run):
    """Notes the values that are made, and puts others in their place.

    overrides  for a site, what is to stand in the place of its values
    wanted     the sites at which the variables of the frame are noted too, as `snapshots`
    own        the name of the function whose variables are kept whenever it returns
    noting     whether values are noted; a trial only needs its results
    latest     by the identity of an array, the last value that was noted of it
    counts     how many values each site has made
    frames     the variables of each function as it returned
    bytes      the size of the copies so far
    """

    overrides: Mapping[Site, Override] = field(default_factory=dict)
    wanted: frozenset[Site] = frozenset()
    own: str = ""
    noting: bool = True
    events: list[Event] = field(default_factory=list)
    latest: dict[int, Event] = field(default_factory=dict)
    counts: dict[Site, int] = field(default_factory=dict)
    frames: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    snapshots: dict[tuple[Site, int], Snapshot] = field(default_factory=dict)
    bytes: int = 0
    deadline: float = float("inf")

    def handled(self, site: Site, value: Any, frame: FrameType) -> Any:
        """What stands in the place of a value, noted."""
        n = self.counts.get(site, 0)
        self.counts[site] = n + 1
        if site in self.wanted:
            self.snapshots[site, n] = Snapshot(
                {k: as_it_is(v) for k, v in frame.f_locals.items()},
                dict(frame.f_globals),  # as they are now: a script goes on to make others
            )
        if site in self.overrides:
            new = self.overrides[site](n, value, frame)
            value = as_mask(new) if is_mask(value) else new
        if self.noting and len(self.events) < MOST_EVENTS and self.bytes < MOST_BYTES:
            copy = copied(value)
            self.bytes += copy.nbytes
            event = Event(site, n, copy, value, len(self.events), calls_of(frame))
            self.events.append(event)
            self.latest[id(value)] = event
        return value

    def value(self, site: Site, value: Any) -> Any:
        """A value that was made, or what is to stand in its place; it is noted if it may be a gradient."""
        return self.handled(site, value, sys._getframe(1)) if can_be_noted(site, value) else value

    def unpack(self, sites: Any, values: Any) -> Any:
        """Several values, each as if it had been assigned by itself."""
        return self.each(sites, values, sys._getframe(1))

    def each(self, sites: Any, values: Any, frame: FrameType) -> Any:
        """Several values that were made in a frame, noted if they are as many as they should be."""
        if not isinstance(values, tuple | list) or len(values) != len(sites):
            return values
        pairs = zip(sites, values, strict=True)
        return tuple(self.handled(s, v, frame) if is_array(v) else v for s, v in pairs)

    def after(self, site: Site, value: Any) -> Any:
        """What a variable holds after a change, noted; an array stays the same object."""
        return self.kept(site, value, sys._getframe(1)) if is_array(value) else value

    def kept(self, site: Site, value: Any, frame: FrameType) -> Any:
        """The same array with other elements, so that all who hold it see them."""
        new = self.handled(site, value, frame)
        if new is not value and type(value) is np.ndarray and np.shape(new) == value.shape:
            value[...] = new
            self.latest[id(value)] = self.latest.get(id(new), self.latest.get(id(value)))  # type: ignore[assignment]
            return value
        return new

    def changed(self, site: Site, owner: Any, key: Any, attribute: bool = False) -> None:
        """Note what was changed: an attribute, an array in place, or the entry of a container."""
        self.noted(site, owner, key, attribute, sys._getframe(1))

    def noted(self, site: Site, owner: Any, key: Any, attribute: bool, frame: FrameType) -> None:
        """Note a change that was made in a frame."""
        if attribute:
            value = getattr(owner, key, None)
            if is_array(value) and (new := self.kept(site, value, frame)) is not value:
                setattr(owner, key, new)
        elif type(owner) is np.ndarray:
            if is_array(owner):
                self.kept(site, owner, frame)
        elif isinstance(owner, dict | list) and key is not None and not isinstance(key, slice):
            value = owner[key] if not isinstance(owner, dict) or key in owner else None
            if not is_array(value):
                return
            if site.kind == "entry":  # the value was noted as it was made: now it has got a name
                event = self.latest.get(id(value))
                if event is not None and isinstance(key, str):
                    event.key = key
            elif (new := self.kept(site, value, frame)) is not value:
                owner[key] = new

    def leave(self, site: Site, value: Any) -> Any:
        """What a function returns; its variables are kept, of helpers up to some number of calls."""
        kept = self.frames.setdefault(site.function, [])
        if site.function == self.own or len(kept) < MOST_FRAMES:
            kept.append(dict(sys._getframe(1).f_locals))  # a copy, as the frame goes on
        return value

    def finish(self, frame: FrameType) -> None:
        """Keep the variables of all functions that are running as the run ends before its own end."""
        outer: FrameType | None = frame
        while outer is not None and is_users(outer.f_code):
            name = outer.f_code.co_qualname.replace(".<locals>", "").replace("<module>", "")
            self.frames.setdefault(name, []).append(dict(outer.f_locals))
            outer = outer.f_back


class Trial(Recording):
    """A run of which only the results are wanted: at most probes there is nothing to do.

    Thousands of such runs may be made, so a probe asks first whether anything is to stand at its site.
    """

    def value(self, site: Site, value: Any) -> Any:
        """A value that was made, or what is to stand in its place."""
        if site not in self.overrides or not can_be_noted(site, value):
            return value
        return self.handled(site, value, sys._getframe(1))

    def round(self, site: Site) -> None:
        """A round of a loop begins: only of the loop that trains are they counted."""
        if self.until is not None and self.until[0] == (site.filename, site.span):
            self.begun(site, sys._getframe(1))
        elif time.perf_counter() > self.deadline:
            raise TimeUp

    def unpack(self, sites: Any, values: Any) -> Any:
        """Several values, each as if it had been assigned by itself."""
        if self.overrides.keys().isdisjoint(sites):
            return values
        return self.each(sites, values, sys._getframe(1))

    def after(self, site: Site, value: Any) -> Any:
        """What a variable holds after a change."""
        return (
            self.kept(site, value, sys._getframe(1)) if site in self.overrides and is_array(value) else value
        )

    def changed(self, site: Site, owner: Any, key: Any, attribute: bool = False) -> None:
        """What is to stand where something was changed."""
        if site in self.overrides:
            self.noted(site, owner, key, attribute, sys._getframe(1))


def calls_of(frame: FrameType) -> tuple[tuple[str, int], ...]:
    """File and line of the calls in the user's code that a frame is within, the innermost first."""
    calls: list[tuple[str, int]] = []
    outer = frame.f_back
    while outer is not None and len(calls) < MOST_CALLS:
        if not is_users(outer.f_code):
            break
        calls.append((outer.f_code.co_filename, outer.f_lineno))
        outer = outer.f_back
    return tuple(calls)
