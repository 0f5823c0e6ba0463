"""The registry's address and its A record."""

from tests.support.assembly import Assembly, Synthesise


def test_the_logical_ids_of_address_and_record_never_change(synthesise: Synthesise) -> None:
    """A changed id would be a new address."""
    assert set(synthesise(hosted_zone="example.com").dns.body["Resources"]) == {"Address", "Record"}


def test_without_a_hosted_zone_the_record_to_create_is_an_output(assembly: Assembly) -> None:
    assert assembly.dns.of_type("AWS::Route53::RecordSet") == {}
    assert assembly.dns.output("DnsRecord") == "registry.example.com. 60 IN A <Address>"
    assert assembly.dns.output("PublicAddress") == "<Address>"


def test_a_zone_given_by_name_holds_the_record(synthesise: Synthesise) -> None:
    dns = synthesise(hosted_zone="example.com").dns
    assert dns.properties("AWS::Route53::RecordSet") == {
        "Name": "registry.example.com.",
        "Type": "A",
        "TTL": "60",
        "ResourceRecords": [{"Ref": "Address"}],
        "HostedZoneName": "example.com.",
    }
    assert "DnsRecord" not in dns.body["Outputs"]
    assert dns.output("PublicAddress") == "<Address>"


def test_a_zone_given_by_id_holds_the_record(synthesise: Synthesise) -> None:
    properties = synthesise(hosted_zone="Z0123456789ABCDEFGHIJ").dns.properties("AWS::Route53::RecordSet")
    assert properties["HostedZoneId"] == "Z0123456789ABCDEFGHIJ"
    assert "HostedZoneName" not in properties


def test_the_address_is_tagged_with_the_registrys_name(assembly: Assembly) -> None:
    assert assembly.dns.properties("AWS::EC2::EIP") == {
        "Domain": "vpc",
        "Tags": [{"Key": "Name", "Value": "registry.example.com"}],
    }


def test_destroy_all_releases_the_address_before_the_protected_storage_stops_it(assembly: Assembly) -> None:
    assert "registry-storage" in assembly.manifest["artifacts"]["registry-dns"]["dependencies"]
