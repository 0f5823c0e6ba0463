"""Where objects live: in moto, or in an S3 server that follows these hooks."""

from collections.abc import Callable
from typing import Any

from moto.s3.models import S3Backend, s3_backends
from moto.utilities.utils import get_partition

from rehearsal.cloud.core.patches import Patches
from rehearsal.cloud.core.values import Place


class Buckets:
    """moto keeps each bucket's configuration; the hooks tell another S3 server to hold its objects."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self.on_created: Callable[[str], None] | None = None
        self.on_deleted: Callable[[str], None] | None = None
        self.read_object: Callable[[str, str], bytes] = self._read_from_moto
        self.has_objects: Callable[[str], bool] = self._moto_has_objects

    def names(self) -> tuple[str, ...]:
        return tuple(self._backend.buckets)

    def patch(self, patches: Patches) -> None:
        """Watch every way a bucket comes and goes: CreateBucket, DeleteBucket, CloudFormation."""

        def create_bucket(backend: S3Backend, bucket_name: str, *args: Any, **kwargs: Any) -> Any:
            created = create(backend, bucket_name, *args, **kwargs)
            if self.on_created:
                self.on_created(bucket_name)
            return created

        create = patches.replace(S3Backend, "create_bucket", create_bucket)

        def delete_bucket(backend: S3Backend, bucket_name: str) -> Any:
            # moto answers 409 for what was not deleted, and knows of no other server's objects.
            if bucket_name in backend.buckets and self.has_objects(bucket_name):
                return None
            deleted = delete(backend, bucket_name)
            if deleted and self.on_deleted:
                self.on_deleted(bucket_name)
            return deleted

        delete = patches.replace(S3Backend, "delete_bucket", delete_bucket)

    @property
    def _backend(self) -> S3Backend:
        return s3_backends[self._place.account][get_partition(self._place.region)]

    def _read_from_moto(self, bucket: str, key: str) -> bytes:
        found = self._backend.get_object(bucket, key)
        if found is None:
            raise FileNotFoundError(f"s3://{bucket}/{key}")
        content: bytes = found.value
        return content

    def _moto_has_objects(self, bucket: str) -> bool:
        return bool(self._backend.get_bucket(bucket).keys)
