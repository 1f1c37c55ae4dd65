"""Write rows of a dataset in the formats that trainers read: shards of a given size.

Owns which rows are exported, in which order, and the bytes of each format. Which shards are made,
and where they go, is decided in `pipelines.export`.

    rows of a table ─► seeded order ─► [ a format: add rows until the shard is full ] ─► files

Equal rows in an equal order give equal files: nothing here writes a time, a name of this machine,
or a random number. Start reading in `formats`; `ordered` and `interleaved` give the rows.
"""
