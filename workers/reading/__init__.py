"""How a replica reads the pages of a shard whose text layer cannot be used.

Owns the retry ladder (stronger guard, larger mode, turned, fallback) and deep parsing, which cuts
regions out of pages and reads each by itself. Knows no model: `workers.engines` does.

    replica = load_replica(ReplicaSettings(...))
    readings = replica.read(pages)          # one for each page, in the same order

Start reading in `replica`, then `ladder`.
"""

from workers.reading.ladder import LadderSettings
from workers.reading.replica import Replica, ReplicaSettings, given_reading, load_replica

__all__ = ["LadderSettings", "Replica", "ReplicaSettings", "given_reading", "load_replica"]
