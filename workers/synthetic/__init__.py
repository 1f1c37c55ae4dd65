"""Pages that are made: texts set as pages, charts, formulas, molecules, figures, tables, chats.

Owns the records that sources draw from, their pages, and how pages are worn (`degrade`). Random
choices come from a record's id alone, so a page is a function of its record and its source's
settings. Does not start processes: `workers.rasterising` lends its child.

    from workers.synthetic.fenced import shared_maker

    maker = shared_maker(RasterSettings(...), ChildLimits(60, 2 * 2**30))
    for page in maker.make(source, text, record_id(source, text), range(2)):
        page.image, page.layer

Start reading in `fenced`, the parent's side, and `making`, the child's. `listing` finds and counts
records for the inventory, `pages` makes the pages of a shard, and `records` reads records for both.
Each kind of picture has a folder with a `drawing` module; `text` sets pages of text.

Nothing is exported here: the child imports this package too, and would load what only the parent
needs.
"""
