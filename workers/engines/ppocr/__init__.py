"""The engine `ppocr`: PP-OCRv6 in PyTorch, on a GPU or the CPU.

Does not: read more of a line than `workers.engines.text_lines`, which both PP-OCRv6 engines share.

    engine = PpOcrEngine(threads=4)                 # from workers.engines.ppocr.engine

Start reading in `engine`; `weights` builds the networks from the ONNX files in the `rapidocr`
wheel, `batches` groups images of one size, `device` runs the networks, `sheets` holds the work.
"""
