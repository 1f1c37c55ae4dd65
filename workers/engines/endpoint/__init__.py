"""The engine `endpoint`: servers that speak OpenAI's chat protocol, such as vLLM and SGLang.

Owns: how many pages are asked for at once and of whom, what is tried again, and the readings of
streamed answers. Does not: start a server, or know what a model is asked
(`workers.engines.profiles`).

    engine = load_endpoint(spec)                   # from workers.engines.endpoint.engine
    readings = engine.read(pages)                  # all of them side by side, in the pages' order

Start reading in `engine`. Below it are `desk` (a page's way through its tries), `admission` (who
goes next, and where to), `servers` and `limits` (what is known of each server; pure), `client`
(HTTP), `requests` and `answers` (what is sent and what comes back; pure), `handshake`.
"""
