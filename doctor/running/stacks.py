"""The state in which the last deployment left the stacks."""

from doctor.account import Account
from doctor.deployment import STACKS, Deployment
from doctor.finding import Finding, Outcome

SUBJECT = "stacks"
_WELL = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"}


def judge(deployment: Deployment, name_prefix: str) -> Finding:
    expected = f"{', '.join(f'{name_prefix}-{kind}' for kind in STACKS)} complete"
    states = {stack.name: stack.status for stack in deployment.own}
    shown = ", ".join(f"{name} {status}" for name, status in states.items() if status not in _WELL)
    if any(status.endswith("_IN_PROGRESS") for status in states.values()):
        return Finding(SUBJECT, Outcome.WARNING, shown, expected, "A deployment is under way. Wait until it ends.")
    if any(status.endswith("FAILED") for status in states.values()):
        cure = "Read the stack's events in the CloudFormation console, remove the cause, and deploy again."
        return Finding(SUBJECT, Outcome.FAILURE, shown, expected, cure)
    missing = [f"{name_prefix}-{kind}" for kind in STACKS if f"{name_prefix}-{kind}" not in states]
    if missing and deployment.runs:
        cure = "Run `npx cdk deploy --all`."
        return Finding(SUBJECT, Outcome.WARNING, f"{', '.join(missing)} missing", expected, cure)
    if shown:
        cure = "The last deployment failed and was rolled back. Read the stack's events before the next one."
        return Finding(SUBJECT, Outcome.WARNING, shown, expected, cure)
    return Finding(SUBJECT, Outcome.OK, f"{len(states)} of {len(STACKS)} there, each complete", expected)


def check(account: Account) -> list[Finding]:
    return [judge(account.deployment, account.settings.name_prefix)]
