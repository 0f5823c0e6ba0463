"""The operations stack: its topic, document, queue of lost runs and dashboard, its outputs and its place."""

from tests.support.assembly import Assembly, readable

VERBS = ["renew-certificate", "diagnose", "sync-users", "repair-service", "repair-engine"]


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


def test_alerts_are_encrypted_and_go_over_tls_to_the_given_address(assembly: Assembly) -> None:
    template = assembly.operations
    assert readable(template.properties("AWS::SNS::Topic")["KmsMasterKeyId"]).startswith("<AlertsKey")
    subscription = template.properties("AWS::SNS::Subscription")
    assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", "you@example.com")
    denied, allowed = template.properties("AWS::SNS::TopicPolicy")["PolicyDocument"]["Statement"]
    assert (denied["Effect"], denied["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
    assert allowed["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert allowed["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


def test_an_alarm_may_use_the_key_of_the_topic(assembly: Assembly) -> None:
    key = assembly.operations.properties("AWS::KMS::Key")
    assert key["EnableKeyRotation"] is True
    statement = key["KeyPolicy"]["Statement"][-1]
    assert statement["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert statement["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]


def test_the_document_runs_one_of_the_hosts_own_verbs_and_nothing_else(assembly: Assembly) -> None:
    document = assembly.operations.properties("AWS::SSM::Document")
    content = document["Content"]
    assert document["DocumentType"] == "Command"
    assert content["schemaVersion"] == "2.2"
    assert content["parameters"]["verb"]["allowedValues"] == VERBS
    (step,) = content["mainSteps"]
    assert step["inputs"] == {"timeoutSeconds": "600", "runCommand": ["exec /opt/registry/bin/{{ verb }}"]}
    assert list(content["parameters"]) == ["verb"]


def test_the_dashboard_answers_the_operators_questions(assembly: Assembly) -> None:
    body = readable(assembly.operations.properties("AWS::CloudWatch::Dashboard")["DashboardBody"])
    for question in (
        "Is it well?",
        "Since when?",
        "How fast?",
        "How full?",
        "Certificate good for",
        "Who gets alerts?",
    ):
        assert question in body
