"""PP-OCRv6 in PyTorch, for GPUs: the engine `ppocr`.

Start reading in `engine`; `weights` builds the networks from the ONNX files in the `rapidocr`
wheel, `batches` groups pictures of like sizes, `device` runs them.
"""
