"""Rows for torch: an iterable dataset, and a loader that goes on in the middle of an epoch.

    loader = rows.loader(batch_size=32, workers=4, seed=0)
    for epoch in range(3):
        for batch in loader:                          # a list of 32 rows, or what `collate` makes
            ...
            save({"model": ..., "data": loader.state_dict()})

The order depends on the seed, the epoch, the batch size, the ranks and the lanes, never on the
number of workers (`workers.loading.order`). Each row comes once an epoch, over all ranks.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

import pyarrow as pa
import torch
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from workers.loading.opening import Address
from workers.loading.order import Epoch, Piece

_LANES_PER_RANK = 8

Row = dict[str, Any]
State = dict[str, Any]


class Source(Protocol):
    """What is asked of `workers.loading.Rows`."""

    @property
    def address(self) -> Address:
        """The table."""
        ...

    @property
    def condition(self) -> object:
        """Which rows are chosen; what it prints as tells it from others."""
        ...

    def epoch(self, batch_size: int, lanes: int, seed: int | None, number: int) -> Epoch:
        """The order of an epoch."""
        ...

    def stored(self, group: int) -> pa.Table:
        """The chosen rows of a row group, as they are stored."""
        ...

    def given(self, stored: pa.Table) -> Iterator[Row]:
        """Rows as they are given."""
        ...


class TorchRows(IterableDataset[Row]):
    """The rows of one rank, one after another, for a `DataLoader` of the same `batch_size`.

    - `seed`: None gives the rows in the order of the parts, in each epoch.
    - `rank`, `ranks`: by default those of `torch.distributed`, where that is initialised.
    - `lanes`: how many row groups of a rank are read side by side, and held in memory over all its
      workers. As many as workers, or a multiple, or groups are read more than once. For the same
      order on another number of ranks, `lanes` times `ranks` must stay the same.
    - `even`: leave out the rows, up to `ranks` batches of them, that would give some ranks a batch
      more than others, and a last batch that is short.
    """

    def __init__(
        self,
        rows: Source,
        batch_size: int = 1,
        *,
        seed: int | None = 0,
        rank: int | None = None,
        ranks: int | None = None,
        lanes: int = _LANES_PER_RANK,
        even: bool = False,
    ) -> None:
        self._rows = rows
        self.batch_size = batch_size
        self._seed = seed
        self._rank, self._ranks = _ranks(rank, ranks)
        self._lanes = lanes
        self._even = even
        # Workers that stay for several epochs read here which one is next: [epoch, first batch].
        self._next = torch.zeros(2, dtype=torch.int64).share_memory_()  # type: ignore[no-untyped-call]
        self._done = 0  # batches that this process has given since

    # ---- where it is -------------------------------------------------------------------------

    @property
    def batches(self) -> int:
        """How many batches an epoch has on this rank."""
        return self._batches(self._order(0))

    def _batches(self, order: Epoch) -> int:
        if self._even:
            return order.rows // self.batch_size // self._ranks
        return len(range(self._rank, order.batches, self._ranks))

    def state_dict(self) -> State:
        """Where the iteration of this process is, in whole batches: the next one is not given yet.

        In a worker of torchdata's `StatefulDataLoader` this is the state of the worker.
        """
        epoch, first = (int(number) for number in self._next)
        return {"epoch": epoch, "batches": first, "done": self._done, "order": self._what_orders()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from there. Raises ValueError where the order is another one now."""
        now = self._what_orders()
        differing = [name for name, value in now.items() if state["order"].get(name) != value]
        if differing:
            raise ValueError(
                "the state is of another order of rows; these differ: "
                + ", ".join(f"{n} {state['order'].get(n)!r} -> {now[n]!r}" for n in differing)
            )
        self.set_place(state["epoch"], state["batches"])
        self._done = state["done"]

    def set_place(self, epoch: int, batches: int = 0) -> None:
        """Begin the next iteration in an epoch, after so many batches of this rank."""
        self._next[0], self._next[1] = epoch, batches
        self._done = 0

    def _what_orders(self) -> dict[str, Any]:
        address = self._rows.address
        return {
            "table": address.table,
            "table_version": address.table_version,
            "split": address.split,
            "condition": str(self._rows.condition),
            "batch_size": self.batch_size,
            "seed": self._seed,
            "ranks": self._ranks,
            "lanes": self._lanes,
            "even": self._even,
        }

    def _order(self, epoch: int) -> Epoch:
        return self._rows.epoch(self.batch_size, self._lanes * self._ranks, self._seed, epoch)

    # ---- reading -----------------------------------------------------------------------------

    def __iter__(self) -> Iterator[Row]:
        epoch, first = (int(number) for number in self._next)
        worker = get_worker_info()
        place, workers = (worker.id, worker.num_workers) if worker else (0, 1)
        order = self._order(epoch)
        # A loader asks its first worker first, wherever an epoch goes on.
        mine = range(first + place, self._batches(order), workers)
        held = _Held(self._rows, -(-self._lanes // workers))
        for number in mine[self._done :]:
            pieces = order.batch(number * self._ranks + self._rank)
            stored = pa.concat_tables([held.take(piece) for piece in pieces])
            left = stored.num_rows
            for row in self._rows.given(stored):
                left -= 1
                # The state may be asked for before the loop goes on.
                self._done += not left
                yield row
        self._done = 0
        if worker is None:
            self.set_place(epoch + 1)


class _Held:
    """The row groups that were read last; one a lane is enough."""

    def __init__(self, rows: Source, most: int) -> None:
        self._rows = rows
        self._most = most
        self._held: OrderedDict[int, pa.Table] = OrderedDict()

    def take(self, piece: Piece) -> pa.Table:
        """The rows of a piece, as they are stored."""
        held = self._held.pop(piece.group, None)
        if held is None:
            if len(self._held) == self._most:
                self._held.popitem(last=False)
            held = self._rows.stored(piece.group)
        self._held[piece.group] = held
        return held.take(pa.array(piece.places))


class Loader:
    """Batches of rows from worker processes; its state says how many batches were handed out.

    An iteration is an epoch, from where the last one was left: `break` and begin again, and it goes
    on with the next batch. Without `collate` a batch is a list of rows.
    """

    def __init__(
        self, rows: TorchRows, workers: int = 0, collate: Callable[[list[Row]], Any] | None = None
    ) -> None:
        self.rows = rows
        self._epoch, self._given = 0, 0
        self._batches = DataLoader(
            rows,
            batch_size=rows.batch_size,
            num_workers=workers,
            collate_fn=collate or _as_they_are,
            # What reads stores has threads, and does not survive a fork.
            multiprocessing_context="spawn" if workers else None,
            persistent_workers=workers > 0,
        )

    def __len__(self) -> int:
        return self.rows.batches

    def __iter__(self) -> Iterator[Any]:
        epoch = self._epoch
        self.rows.set_place(epoch, self._given)
        for batch in self._batches:
            self._given += 1
            yield batch
        self._epoch, self._given = epoch + 1, 0

    def state_dict(self) -> State:
        """Where this rank is; all ranks are at the same place."""
        place = {"epoch": self._epoch, "batches": self._given, "done": 0}
        return {**self.rows.state_dict(), **place}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on there, also with another number of workers."""
        self.rows.load_state_dict(state)
        self._epoch, self._given = state["epoch"], state["batches"]


def _as_they_are(batch: list[Row]) -> list[Row]:
    return batch


def _ranks(rank: int | None, ranks: int | None) -> tuple[int, int]:
    """The rank and the number of ranks: those given, else those of torch's process group."""
    if (rank is None) != (ranks is None):
        raise ValueError("give both `rank` and `ranks`, or none of them")
    if rank is not None and ranks is not None:
        if not 0 <= rank < ranks:
            raise ValueError(f"rank {rank} is not one of {ranks}, which are counted from 0")
        return rank, ranks
    group = torch.distributed
    if group.is_available() and group.is_initialized():
        return group.get_rank(), group.get_world_size()
    return 0, 1
