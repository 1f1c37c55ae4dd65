"""Grammars: parsers that turn each model's output into Markdown and blocks.

Pure: a parser raises for no string, and takes time linear in its length. Does not: decode tokens,
or judge what was read.

    doctags("<text><loc_0><loc_0><loc_500><loc_9>A line.</text>").text    # "A line."

Start reading in `parsed`, the result of every parser; `parsers` lists them all.
"""
