"""The SSM document, which runs one of the host's own verbs and nothing else."""

from aws_cdk import aws_ssm as ssm
from constructs import Construct

VERBS = ("renew-certificate", "diagnose", "sync-users", "repair-service", "repair-engine")
# A renewal with a retried challenge.
LONGEST_RUN_SECONDS = 600


def command_document(scope: Construct, construct_id: str) -> ssm.CfnDocument:
    return ssm.CfnDocument(
        scope,
        construct_id,
        document_type="Command",
        document_format="JSON",
        target_type="/AWS::EC2::Instance",
        # An unnamed document is replaced where its content changes, and needs no new version made default.
        update_method="Replace",
        content={
            "schemaVersion": "2.2",
            "description": "Runs one verb of a registry's host",
            "parameters": {"verb": {"type": "String", "description": "The verb to run", "allowedValues": list(VERBS)}},
            "mainSteps": [
                {
                    "action": "aws:runShellScript",
                    "name": "verb",
                    "precondition": {"StringEquals": ["platformType", "Linux"]},
                    "inputs": {
                        "timeoutSeconds": str(LONGEST_RUN_SECONDS),
                        "runCommand": ["exec /opt/registry/bin/{{ verb }}"],
                    },
                }
            ],
        },
    )
