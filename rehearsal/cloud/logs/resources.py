"""Log groups and their metric filters."""

from moto.logs.models import LogGroup, logs_backends

from rehearsal.cloud.cloudformation.resource_type import MotoType, Request, ResourceType, Settled


class LogGroupType(MotoType):
    """moto makes a new group for a changed retention."""

    identity = ("LogGroupName",)

    def change(self, request: Request, resource: LogGroup, previous: Request) -> LogGroup:  # noqa: ARG002
        resource.retention_in_days = request.properties.get("RetentionInDays")
        return resource


class MetricFilterType(ResourceType):
    """moto has no type of this name."""

    identity = ("FilterName", "LogGroupName")

    def create(self, request: Request) -> Settled:
        return self._put(request, request.name("FilterName"))

    def change(self, request: Request, resource: Settled, previous: Request) -> Settled:
        self.delete(previous, resource)
        return self._put(request, resource.physical_resource_id)

    def delete(self, request: Request, resource: Settled) -> None:
        logs = request.scope.regional(logs_backends)
        logs.delete_metric_filter(resource.physical_resource_id, request.properties["LogGroupName"])

    def _put(self, request: Request, name: str) -> Settled:
        logs, group = request.scope.regional(logs_backends), request.properties["LogGroupName"]
        if group not in logs.groups:
            raise RuntimeError(f"The specified log group does not exist ({group})")
        transformations = [
            {f"{key[0].lower()}{key[1:]}": value for key, value in each.items()}
            for each in request.properties["MetricTransformations"]
        ]
        # moto annotates a string and keeps a list.
        logs.put_metric_filter(name, request.properties["FilterPattern"], group, transformations)  # type: ignore[arg-type]
        return Settled(name)


TYPES = {"AWS::Logs::LogGroup": LogGroupType(), "AWS::Logs::MetricFilter": MetricFilterType()}
