"""obstore's clients for Google Cloud Storage and Azure, with our bounds. `cloud` uses them."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import TYPE_CHECKING

from schemas.errors import AccessError, RequestError
from workers.store.foreign_errors import what_failed
from workers.store.refusals import KEYS
from workers.store.remote import CONNECT_TIMEOUT_S
from workers.store.retry import RetryPolicy

if TYPE_CHECKING:
    from obstore.store import AzureStore, GCSStore


def new_client(url: str, policy: RetryPolicy, retries: bool) -> GCSStore | AzureStore:
    """A client for `gs://bucket` or a container of Azure, set up from the environment.

    It sends a failed request again by itself only where `retries`. Raises RequestError where
    obstore is not installed, AccessError where the environment is wrong.
    """
    try:
        from obstore.exceptions import BaseError
        from obstore.store import AzureStore, GCSStore
    except ImportError as exc:
        extra = "gcs" if url.startswith("gs:") else "azure"
        raise RequestError(
            f"{url} needs the package obstore: pip install 'pagefoundry[{extra}]'"
        ) from exc
    is_gcs = url.startswith("gs:")
    kind, variables = (GCSStore, "GOOGLE") if is_gcs else (AzureStore, "AZURE")
    try:
        return kind.from_url(
            url,
            client_options={
                # With options of ours, obstore does not read this one from the environment.
                "allow_http": os.environ.get(f"{variables}_ALLOW_HTTP", "").lower() == "true",
                "connect_timeout": timedelta(seconds=CONNECT_TIMEOUT_S),
                "timeout": timedelta(seconds=policy.try_timeout_s),
            },
            retry_config={
                "max_retries": policy.tries - 1 if retries else 0,
                "retry_timeout": timedelta(seconds=policy.deadline_s),
                "backoff": {
                    "init_backoff": timedelta(seconds=policy.base_s),
                    "max_backoff": timedelta(seconds=policy.cap_s),
                    "base": 2,
                },
            },
        )
    except BaseError as exc:  # no request was sent yet: the environment is wrong
        scheme = url.partition("://")[0]
        raise AccessError(f"{url}: {what_failed(str(exc))}; {KEYS[scheme]}") from exc
