"""The engine `ppocr`: PP-OCRv6 in PyTorch, on a GPU or the CPU.

Does not: read more of a line than `workers.engines.text_lines`, which both PP-OCRv6 engines share.

    engine = PpOcrEngine(threads=4)                 # from workers.engines.ppocr.engine

Start reading in `engine`; `sheets` holds the work, and `batches` groups images of one size.

On the device: `device` runs the networks, which `weights` and `layout` build from the ONNX files in
the wheels of `rapidocr` and `pymupdf`; `images` resizes pages and cuts lines; `transfers` moves
values without waiting. On the host: `boxes` finds lines in a map, `transcripts` decodes them, and
`clock` tells what all of it costs.
"""
