"""The room's DNS: it knows one name."""

import pytest

from rehearsal.room.dns import answer

QUERY = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"
S3 = b"\x02s3\x07example\x03com\x00"
A, AAAA = b"\x00\x01\x00\x01", b"\x00\x1c\x00\x01"


def ask(question: bytes) -> bytes:
    return answer(QUERY + question, "s3.example.com", "198.51.100.71")


@pytest.mark.parametrize("name", [S3, S3.upper()])
def test_the_address_of_the_known_name_is_good_for_no_second(name: bytes) -> None:
    record = b"\xc0\x0c" + A + bytes(4) + b"\x00\x04" + bytes((198, 51, 100, 71))
    assert ask(name + A) == b"\x12\x34\x85\x80\x00\x01\x00\x01" + bytes(4) + name + A + record


@pytest.mark.parametrize(("question", "code"), [(S3 + AAAA, 0), (b"\x03www" + S3 + A, 3)])
def test_another_type_or_name_gets_no_record(question: bytes, code: int) -> None:
    answered = ask(question)
    assert (answered[3] & 15, answered[6:8]) == (code, b"\x00\x00")


def test_further_records_of_a_question_are_left_out() -> None:
    assert ask(S3 + A + b"EDNS") == ask(S3 + A)
