"""View: a dataset as web pages on loopback, for one person, read-only.

Owns the server of `pagefoundry view`: its addresses, its security and its templates. Does not: read
the dataset (`workers.viewing`) or make HTML of documents' texts (`workers.webpages`).

    with listening(8517) as listener:                   # from pipelines.view.ports
        serve(Viewing("demo/data"), listener, is_opened=False, announce=print)  # .serving

Every state of a page is in its address, so a link leads to what its sender saw. No page needs its
script: it adds keys and the marking of a block under the pointer.

Start reading in `app`, which lists the routes; `guard` says who is answered, and `asked` what a
link asks for.
"""
