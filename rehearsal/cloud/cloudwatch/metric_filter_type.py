"""Metric filters of log groups."""

from moto.logs.models import LogsBackend, logs_backends

from rehearsal.cloud.cloudformation.resource_type import PlainType, Request, Settled, Updated


class MetricFilterType(PlainType):
    def create(self, request: Request) -> Settled:
        return self._put(request, str(request.properties.get("FilterName") or request.generated_name()))

    def update(self, request: Request, resource: Settled, previous: Request) -> Updated:
        identity = ("FilterName", "LogGroupName")
        if any(request.properties.get(name) != previous.properties.get(name) for name in identity):
            return Updated(self.create(request), replaced=True)
        self.delete(previous, resource)
        return Updated(self._put(request, resource.physical_resource_id))

    def delete(self, request: Request, resource: Settled) -> None:
        _logs(request).delete_metric_filter(resource.physical_resource_id, request.properties["LogGroupName"])

    def _put(self, request: Request, name: str) -> Settled:
        group = request.properties["LogGroupName"]
        if group not in _logs(request).groups:
            raise RuntimeError(f"The specified log group does not exist ({group})")
        transformations = [
            {f"{key[0].lower()}{key[1:]}": value for key, value in each.items()}
            for each in request.properties["MetricTransformations"]
        ]
        # moto annotates a string and keeps a list.
        _logs(request).put_metric_filter(name, request.properties["FilterPattern"], group, transformations)  # type: ignore[arg-type]
        return Settled(name)


def _logs(request: Request) -> LogsBackend:
    return logs_backends[request.place.account][request.place.region]
