"""Print the ids of the pages of a dataset, the argument, as Spark reads them.

Spark's own client asks an engine, Sail, which speaks Spark's protocol and needs no Java. They have
a process of their own: the client takes a process of pytest-xdist for one of its own doctests.
"""

from __future__ import annotations

import sys

from pysail.spark import SparkConnectServer
from pyspark.sql import SparkSession


def main(dataset: str) -> None:
    server = SparkConnectServer("127.0.0.1", 0)
    server.start(background=True)
    _, port = server.listening_address
    spark = SparkSession.builder.remote(f"sc://127.0.0.1:{port}").getOrCreate()
    pages = spark.read.format("delta").load(f"{dataset}/pages")
    for row in pages.select("page_id").collect():
        print(row.page_id)
    spark.stop()
    server.stop()


if __name__ == "__main__":
    main(sys.argv[1])
