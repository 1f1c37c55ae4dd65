"""Why a store refuses us, in words that name the remedy. Waiting does not cure any of these.

Errors come from s3fs, from obstore, from the Hub, or from deltalake on any store.
"""

from __future__ import annotations

from botocore import exceptions as boto

from workers.store.foreign_errors import quoted_code, quoted_status
from workers.store.retry import answer_of

_CREDENTIAL_CODES = {
    *("InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken"),
    *("TokenRefreshRequired", "RequestTimeTooSkewed", "AuthorizationHeaderMalformed"),
    *("CredentialsNotSupported", "NotSignedUp", "AccountProblem", "InvalidSecurity"),
    "NoToken",
    # Azure's
    *("AuthenticationFailed", "InvalidAuthenticationInfo", "NoAuthenticationInformation"),
}
# The answer to a HEAD has no body, so either may be the reason. Azure's word for both is the last.
_EITHER_CODES = {"403", "AuthorizationFailure"}
_DENIED_CODES = {
    *("AccessDenied", "AllAccessDisabled", "Forbidden", "401"),
    # Azure's
    *("AuthorizationPermissionMismatch", "PublicAccessNotPermitted", "AccountIsDisabled"),
    *("InsufficientAccountPermissions", "AuthorizationProtocolMismatch"),
    # the Hub's
    "GatedRepo",
}
_MISSING_CODES = {"NoSuchBucket", "ContainerNotFound", "RepoNotFound", "RevisionNotFound"}
# Not among them: CredentialRetrievalError and TokenRetrievalError, which mean that the service of a
# role did not answer just now.
_CREDENTIAL_ERRORS = (
    boto.NoCredentialsError,
    boto.PartialCredentialsError,
    boto.ProfileNotFound,
    boto.SSOError,
    boto.ConfigNotFound,
    boto.ConfigParseError,
)
_S3KEYS = "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
_AZUREKEYS = (
    "set AZURE_STORAGE_ACCOUNT_NAME, and AZURE_STORAGE_ACCOUNT_KEY or AZURE_STORAGE_SAS_KEY, or "
    "give this machine an identity"
)
KEYS = {  # by the scheme of a URL
    **dict.fromkeys(("s3", "s3a"), _S3KEYS),
    "gs": "set GOOGLE_APPLICATION_CREDENTIALS, or give this machine a service account",
    **dict.fromkeys(("az", "abfs", "abfss"), _AZUREKEYS),
    "hf": "set HF_TOKEN",
}


def refusal(exc: BaseException, uri: str) -> str | None:
    """Why the store of `uri` refuses us, with the remedy; None where `exc` is another error."""
    cause = exc.__cause__ or exc
    code = answer_of(exc)[1]
    if code is None:
        status = quoted_status(str(exc))
        code = quoted_code(str(exc)) or (str(status) if status in (401, 403) else None)
    scheme, bucket = uri.partition("://")[0], holder_of(uri)
    missing = bucket.removeprefix("the ")
    if isinstance(cause, _CREDENTIAL_ERRORS) or code in _CREDENTIAL_CODES:
        return (
            f"the credentials for {bucket} are wrong or missing ({code or type(cause).__name__}); "
            f"{KEYS[scheme]}, and check the endpoint and the clock"
        )
    if code in _MISSING_CODES and scheme == "hf":
        return (
            f"there is no {missing} for us ({code}); check its name and revision, and "
            f"{KEYS[scheme]} if it is private"
        )
    if code in _MISSING_CODES:
        return f"there is no {missing}; make it, or check its name, endpoint and region"
    if code in _EITHER_CODES:
        return (
            f"access to {bucket} is denied, or the credentials are wrong ({code}); "
            f"{KEYS[scheme]}, and check what they allow"
        )
    if code in _DENIED_CODES:
        return (
            f"access to {bucket} is denied ({code}); check the credentials, and "
            "allow them to list it and to read and write its objects"
        )
    return None


def holder_of(uri: str) -> str:
    """What holds an object, for people: `the bucket 'lake'`."""
    scheme, _, path = uri.partition("://")
    if scheme == "hf":
        return f"the repository {'/'.join(path.split('/')[:3])!r}"
    what = "container" if scheme.startswith("a") else "bucket"
    return f"the {what} {path.partition('/')[0]!r}"
