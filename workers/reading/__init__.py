"""What a replica does with the pages of a shard that their text layer does not settle.

Owns the retry ladder (stronger guard, larger mode, fallback, turned) and deep parsing, which cuts
regions out of pages and reads them by themselves. Does not know any model: `workers.engines` does.

    replica = load_replica(ReplicaSettings(...))
    readings = replica.read(pages)          # one for each page, in the same order

Start reading in `replica`, then `ladder`.
"""

from workers.reading.ladder import LadderSettings
from workers.reading.replica import Replica, ReplicaSettings, given_reading, load_replica

__all__ = ["LadderSettings", "Replica", "ReplicaSettings", "given_reading", "load_replica"]
