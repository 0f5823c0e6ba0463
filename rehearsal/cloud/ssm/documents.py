"""What an SSM document says: the steps to run, with the parameters that it takes.

https://docs.aws.amazon.com/systems-manager/latest/userguide/documents-syntax-data-elements-parameters.html
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from moto.core.exceptions import JsonRESTError

DEFAULT_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Step:
    name: str
    script: str
    seconds: int


def read_steps(content: Mapping[str, Any], given: Mapping[str, Sequence[str]]) -> tuple[Step, ...]:
    """The steps of a document with its parameters filled in. Raises JsonRESTError: what SendCommand answers to
    parameters it does not take."""
    if content["schemaVersion"] != "2.2":
        raise NotImplementedError(f"the rehearsal's Run Command has no schema {content['schemaVersion']}")
    declared: Mapping[str, Mapping[str, Any]] = content.get("parameters", {})
    if unknown := sorted(set(given) - set(declared)):
        raise JsonRESTError("InvalidParameters", f"Parameters {unknown} are not defined in the document")
    values = {name: _value(name, of, given.get(name)) for name, of in declared.items()}
    steps = []
    for step in content["mainSteps"]:
        if step["action"] != "aws:runShellScript":
            raise NotImplementedError(f"the rehearsal's Run Command has no {step['action']}")
        if ("StringEquals", ["platformType", "Linux"]) not in step.get("precondition", {}).items() and step.get(
            "precondition"
        ):
            raise NotImplementedError(f"the rehearsal's Run Command knows Linux, not {step['precondition']}")
        inputs = step["inputs"]
        lines = inputs["runCommand"] if isinstance(inputs["runCommand"], list) else [inputs["runCommand"]]
        script = "\n".join(_filled_in(line, values) for line in lines)
        seconds = int(_filled_in(str(inputs.get("timeoutSeconds", DEFAULT_SECONDS)), values))
        steps.append(Step(str(step["name"]), script, seconds))
    return tuple(steps)


def _value(name: str, declared: Mapping[str, Any], given: Sequence[str] | None) -> str:
    if given is None:
        if "default" not in declared:
            raise JsonRESTError("InvalidParameters", f"Parameter {name} is required")
        return str(declared["default"])
    if declared["type"] != "String":
        raise NotImplementedError(f"the rehearsal's Run Command has no parameter of type {declared['type']}")
    (value,) = given
    if "allowedValues" in declared and value not in declared["allowedValues"]:
        raise JsonRESTError("InvalidParameters", f"Parameter {name} has the value {value}, which is not allowed")
    if "allowedPattern" in declared and not re.fullmatch(declared["allowedPattern"], value):
        raise JsonRESTError("InvalidParameters", f"Parameter {name} does not match {declared['allowedPattern']}")
    return value


def _filled_in(text: str, values: Mapping[str, str]) -> str:
    return re.sub(r"\{\{\s*(\w+)\s*\}\}", lambda found: values[found[1]], text)
