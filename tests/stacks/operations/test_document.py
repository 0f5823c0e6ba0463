"""The SSM document, which runs the host's verbs."""

from tests.support.assembly import Assembly

VERBS = ["renew-certificate", "diagnose", "sync-users", "repair-service", "repair-engine"]


def test_the_document_runs_one_of_the_hosts_own_verbs_and_nothing_else(assembly: Assembly) -> None:
    document = assembly.operations.properties("AWS::SSM::Document")
    content = document["Content"]
    assert document["DocumentType"] == "Command"
    assert content["schemaVersion"] == "2.2"
    assert content["parameters"]["verb"]["allowedValues"] == VERBS
    (step,) = content["mainSteps"]
    assert step["inputs"] == {"timeoutSeconds": "600", "runCommand": ["exec /opt/registry/bin/{{ verb }}"]}
    assert list(content["parameters"]) == ["verb"]
