"""The alerts' topic and its key."""

from tests.support.assembly import Assembly, readable


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
