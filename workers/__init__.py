"""Everything one process does to pages: rasterise, read, score, store. Never imports ray."""
