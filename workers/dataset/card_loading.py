"""The section of the dataset card that says how each tool loads the rows: programs to be copied.

Beside a dataset they follow its Delta tables. On the Hub there are no Delta tables: a tag has the
parts of its version and no others, so there a pattern names just its rows.
"""

from __future__ import annotations

import json

from workers.dataset.hub_info import OnHub


def how_to_load(name: str, table: str, version: int) -> str:
    """How each tool loads the current rows of a table of a dataset in a folder."""
    place = literal(f"{name}/{table}")
    return f"""
## Load it

Parts of older versions stay beside the current ones, so a glob over `*.parquet` may also see rows
that are no more. These lines see the current rows alone. Where they name the dataset, give its
folder's path.

```python
from datasets import load_dataset

{table} = load_dataset({literal(name)}, "{table}", split="train")
```

```python
import polars as pl

{table} = pl.scan_delta({place}).collect()
```

```python
from deltalake import DeltaTable

{table} = DeltaTable({place}, version={version}).to_pandas()  # or another published version
```

```python
import duckdb
from deltalake import DeltaTable

{table} = duckdb.read_parquet(DeltaTable({place}).file_uris(), union_by_name=True)
```

```python
import ray
from deltalake import DeltaTable

{table} = ray.data.read_parquet(DeltaTable({place}).file_uris())
```

Spark with `delta-spark` reads the same table: `spark.read.format("delta").load(path)`.
"""


def how_to_load_from_hub(hub: OnHub, table: str) -> str:
    """How each tool loads the rows of a table of a version on the Hub."""
    repository, tag = literal(hub.repository), literal(hub.tag)
    parts = f"{table}/data/part-*.parquet"
    download = f"""folder = snapshot_download(
    {repository}, repo_type="dataset", revision={tag}, allow_patterns="{parts}"
)"""
    return f"""
## Load it

These lines load this version, which the tag `{hub.tag}` names; without `revision` they load the
newest one.

```python
from datasets import load_dataset

{table} = load_dataset({repository}, "{table}", split="train", revision={tag})
```

Give `streaming=True` to load rows as they are needed. The other tools read the parts, which are
downloaded once.

```python
import polars as pl
from huggingface_hub import snapshot_download

{download}
{table} = pl.read_parquet(f"{{folder}}/{parts}")
```

```python
import pandas as pd
from huggingface_hub import snapshot_download

{download}
{table} = pd.read_parquet(f"{{folder}}/{table}/data")
```

```python
import duckdb
from huggingface_hub import snapshot_download

{download}
{table} = duckdb.read_parquet(f"{{folder}}/{parts}", union_by_name=True)
```

```python
import ray
from huggingface_hub import snapshot_download

{download}
{table} = ray.data.read_parquet(f"{{folder}}/{table}/data")
```
"""


def literal(text: str) -> str:
    """A text as a string literal of Python."""
    return json.dumps(text, ensure_ascii=False)
