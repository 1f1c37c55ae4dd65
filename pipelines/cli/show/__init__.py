"""How results look in a terminal: rich tables, and nothing computed.

Start reading in `results`.
"""
