"""The operations stack as a whole: its queue of lost runs, its outputs and its place among the stacks."""

from tests.support.assembly import Assembly


def test_lost_runs_are_encrypted_and_kept_for_two_weeks(assembly: Assembly) -> None:
    assert assembly.operations.properties("AWS::SQS::Queue") == {
        "MessageRetentionPeriod": 1_209_600,
        "SqsManagedSseEnabled": True,
    }
    denied, _ = assembly.operations.properties("AWS::SQS::QueuePolicy")["PolicyDocument"]["Statement"]
    assert (denied["Effect"], denied["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


def test_the_outputs_show_the_confirmation_and_how_to_renew(assembly: Assembly) -> None:
    assert "SubscriptionsConfirmed" in assembly.operations.output("ConfirmAlerts")
    described = assembly.operations.body["Outputs"]["ConfirmAlerts"]["Description"]
    assert described == "0: confirm the mail to you@example.com to get alerts"
    assert "aws lambda invoke --function-name <RenewCertificate" in assembly.operations.output("RenewNow")


def test_operations_come_after_the_host(assembly: Assembly) -> None:
    assert "registry-host" in assembly.manifest["artifacts"]["registry-operations"]["dependencies"]
