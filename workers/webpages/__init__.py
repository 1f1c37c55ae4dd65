"""HTML files for people to look at, each complete in itself: a browser loads nothing else.

Owns: the gallery of samples and the frame of every page. Does not: read datasets or write files
(`pipelines.dataset.gallery`). The report of the accuracy study is in `workers.evaluation.report`.

    webpage("Samples", "p { color: grey }", "<p>Hello</p>")    # from workers.webpages.webpage

Start reading in `webpage`, then in `gallery`.
"""
