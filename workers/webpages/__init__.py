"""HTML for people to look at, of documents that are not trusted. Pure.

Owns two things: HTML files that are complete in themselves, so that a browser loads nothing else
(`webpage` is their frame, `gallery` shows samples); and the parts of the viewer's pages that are
made of a document's content: `markdown`, `formulas`, `tables`, `sheets` with a page's picture and
its blocks, `differences` between two texts, `hits` of a search. Each text is escaped, with what
acts unseen made visible (`visible`). Does not: read datasets or write files
(`pipelines.dataset.gallery`), or serve pages (`pipelines.view`). The report of the accuracy study
is in `workers.evaluation.report`.

    webpage("Samples", "p { color: grey }", "<p>Hello</p>")    # from workers.webpages.webpage
    markdown_html("**Oil** in $m^3$")                          # from workers.webpages.markdown

Start reading in `webpage` and in `markdown`.
"""
