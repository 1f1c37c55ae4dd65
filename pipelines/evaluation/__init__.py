"""Studies of engines as a graph: pages whose text is known, read in batches, compared.

Start reading in `study`; `study_pass` reads, `sources` has the pages.
"""
