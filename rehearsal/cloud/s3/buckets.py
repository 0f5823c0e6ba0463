"""Where objects live: in moto, or in an S3 server that follows these hooks."""

from collections.abc import Callable

from moto.s3.models import S3Backend, s3_backends

from rehearsal.cloud.core.scope import Scope


class Buckets:
    """moto keeps each bucket's configuration; an S3 server that follows the hooks holds its objects."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self.on_created: Callable[[str], object] = lambda _name: None
        self.on_deleted: Callable[[str], object] = lambda _name: None
        self.on_versioning: Callable[[str, str], object] = lambda _name, _status: None
        self.on_access_key: Callable[[str, str], object] = lambda _id, _secret: None
        self.read_object: Callable[[str, str], bytes] = self._read_from_moto
        self.has_objects: Callable[[str], bool] = lambda name: bool(self.backend.get_bucket(name).keys)

    @property
    def backend(self) -> S3Backend:
        return self._scope.wide(s3_backends)

    def _read_from_moto(self, bucket: str, key: str) -> bytes:
        found = self.backend.get_object(bucket, key)
        if found is None:
            raise FileNotFoundError(f"s3://{bucket}/{key}")
        content: bytes = found.value
        return content
