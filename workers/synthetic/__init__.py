"""Pages that are made: texts set as pages, charts, formulas, molecules, figures, tables, chats.

Owns the records that sources draw from, their pages, and how these are worn (`degrade`). Chance
comes from a record's id alone, so a page is a function of its record and its source's settings.

    for page in shared_maker(settings, limits).make(source, text, doc_id, range(2)):
        page.image, page.layer

Start reading in `records`, then `fenced` (the parent's side) and `making` (the child's). Each kind
of picture has a folder with a `drawing` module; `text` sets pages of text.
"""
