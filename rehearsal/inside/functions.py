"""AWS Lambda's runtime: the deployed package on Python 3.13, under Amazon's own runtime interface client.

Runs inside the world. A function's process lives in the internet root, by chroot and as nobody, with the
world's names and trust: nothing points it at a stand-in. Every invocation is a cold start.
"""

import contextlib
import hashlib
import io
import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import uuid
import zipfile
from collections.abc import Mapping
from pathlib import Path

from rehearsal.cloud.lambda_.functions import Function, Outcome
from rehearsal.inside.runtime_api import Conversation, serve
from rehearsal.machine.layers import mount
from rehearsal.machine.python.lambda_runtime import PYTHON

RUNTIME = f"python{PYTHON}"
INSIDE = Path("/var/runtime")
CODE = Path("/var/functions")
# AWS Lambda quotas: an initialization that takes longer is ended.
LONGEST_INIT_SECONDS = 10
NOBODY = "65534:65534"


class FunctionRuntimeError(Exception):
    """A function wants another runtime than the rehearsal has."""


class FunctionRuntime:
    def __init__(self, *, packages: Path, root: Path, bundle: Path) -> None:
        """``packages`` is from lambda_runtime.prepare(), ``root`` the mounted internet root, ``bundle`` its trust."""
        self._root = root
        inside = root / INSIDE.relative_to("/")
        inside.mkdir(parents=True, exist_ok=True)
        mount("--bind", str(packages), str(inside))
        # Bytecode, as AWS's image has it; compiled once in the life of the cache.
        if not (inside / "boto3/__pycache__").is_dir():
            command = ["chroot", str(root), "python3", "-m", "compileall", "-q", "-j0", str(INSIDE)]
            subprocess.run(command, check=True, capture_output=True)
        # The SDK brings its own list of authorities; in this world it is the world's.
        mount("--bind", str(bundle), str(inside / "botocore/cacert.pem"))

    def __call__(self, function: Function, payload: str) -> Outcome:
        """Run a function once."""
        if function.runtime != RUNTIME:
            raise FunctionRuntimeError(f"{function.name} is for {function.runtime}; the rehearsal has {RUNTIME}")
        return _run(function, payload, self._command(self._unpack(function), function), self._variables(function))

    def _unpack(self, function: Function) -> Path:
        name = hashlib.sha256(function.code).hexdigest()[:32]
        place = self._root / CODE.relative_to("/") / name
        if not place.is_dir():
            draft = place.with_name(f".{name}-{uuid.uuid4().hex}")
            draft.mkdir(parents=True)
            with zipfile.ZipFile(io.BytesIO(function.code)) as package:
                package.extractall(draft)
            with contextlib.suppress(OSError):
                draft.rename(place)
            shutil.rmtree(draft, ignore_errors=True)
        return CODE / name

    def _command(self, code: Path, function: Function) -> list[str]:
        return [
            "setpriv", "--pdeathsig", "KILL", "/usr/sbin/chroot", f"--userspec={NOBODY}", str(self._root),
            "env", f"--chdir={code}", f"LAMBDA_TASK_ROOT={code}",
            "python3", "-m", "awslambdaric", function.handler,
        ]  # fmt: skip

    def _variables(self, function: Function) -> dict[str, str]:
        # https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
        region = function.arn.split(":")[3]
        return {
            **function.environment,
            **function.credentials,
            "AWS_DEFAULT_REGION": region,
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{RUNTIME}",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mib),
            "AWS_LAMBDA_FUNCTION_NAME": function.name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_GROUP_NAME": function.log_group,
            "AWS_REGION": region,
            "LAMBDA_RUNTIME_DIR": str(INSIDE),
            "LANG": "C.UTF-8",
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "PYTHONPATH": str(INSIDE),
            "TZ": ":UTC",
            "_HANDLER": function.handler,
        }


def _run(function: Function, payload: str, command: list[str], variables: Mapping[str, str]) -> Outcome:
    request_id = str(uuid.uuid4())
    conversation = Conversation(
        payload,
        {
            "Lambda-Runtime-Aws-Request-Id": request_id,
            "Lambda-Runtime-Invoked-Function-Arn": function.arn,
            "Lambda-Runtime-Trace-Id": "Root=1-00000000-000000000000000000000000",
        },
    )
    api = serve(conversation, function.timeout_seconds)
    began = time.monotonic()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            command,
            env={**variables, "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{api.server_port}"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        _wait(process, conversation.asked, LONGEST_INIT_SECONDS)
        asked = time.monotonic()
        if conversation.asked.is_set():
            _wait(process, conversation.answered, function.timeout_seconds)
        ended = time.monotonic()
        memory_mib = _peak_memory_mib(process.pid)
        early = process.poll()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        api.shutdown()
        api.server_close()
        output.seek(0)
        printed = output.read().decode(errors="replace").splitlines()
    duration, init = (ended - asked) * 1000, (asked - began) * 1000
    if not conversation.answered.is_set():
        conversation.settle(*_silence(request_id, function, asked=conversation.asked.is_set(), exit_code=early))
    if memory_mib > function.memory_mib:
        conversation.settle(*_failure("Runtime.ExitError", request_id, "Runtime exited with error: signal: killed"))
    report = (
        f"REPORT RequestId: {request_id}\tDuration: {duration:.2f} ms"
        f"\tBilled Duration: {duration + init:.0f} ms\tMemory Size: {function.memory_mib} MB"
        f"\tMax Memory Used: {memory_mib} MB\tInit Duration: {init:.2f} ms"
    )
    log = (f"START RequestId: {request_id} Version: $LATEST", *printed, f"END RequestId: {request_id}", report)
    return Outcome(
        request_id, conversation.answer, conversation.error, log, round(duration, 1), round(init, 1), memory_mib
    )


def _silence(request_id: str, function: Function, *, asked: bool, exit_code: int | None) -> tuple[str, str]:
    """The error of a process that died, or whose time is over, without an answer."""
    if exit_code is not None:
        return _failure("Runtime.ExitError", request_id, f"Runtime exited with error: exit status {exit_code}")
    if not asked:
        return _failure("Sandbox.Timedout", request_id, f"Init timed out after {LONGEST_INIT_SECONDS} s")
    return _failure("Sandbox.Timedout", request_id, f"Task timed out after {function.timeout_seconds:.2f} seconds")


def _failure(kind: str, request_id: str, text: str) -> tuple[str, str]:
    message = f"RequestId: {request_id} Error: {text}"
    return json.dumps({"errorType": kind, "errorMessage": message}), "Unhandled"


def _wait(process: subprocess.Popen[bytes], event: threading.Event, seconds: float) -> None:
    """Until the event, the end of the process, or the end of the time."""
    deadline = time.monotonic() + seconds
    while not event.wait(0.01) and process.poll() is None and time.monotonic() < deadline:
        pass


def _peak_memory_mib(pid: int) -> int:
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return -(-int(line.split()[1]) // 1024)
    return 0
