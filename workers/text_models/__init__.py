"""What scores, embeddings and names of people share: a model that reads many texts.

Owns: running texts through a model of transformers, the key by which a text is known, and what
staging keeps of what a model said. Does not: know what it said (`workers.scores`,
`workers.embeddings`, `workers.people`), or where it runs (`pipelines.version.text_pass`).

    batches = TextBatches.load(AutoModel, checkpoint, "float32", max_tokens=512)
    rows = batches.read(["A text."], outputs)       # a row of `outputs` for each text

Start reading in `batches`, then in `kept`.
"""
