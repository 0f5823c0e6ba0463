"""DNS in a room, which knows one name. On a bad day it leaves questions without an answer.

Run as a program, with NAME ADDRESS FILE: FILE holds its mood (rehearsal/faults/bad_day.py), of which it knows "hang".
"""

import random
import socket
import sys
from pathlib import Path

from rehearsal.contract import product
from rehearsal.faults import bad_day
from rehearsal.room.isolation import Room

SERVER, PORT = "127.0.0.1", 53
A, CLASS_IN = 1, 1
HEADER_BYTES = 12
# A response, authoritative, recursion available (RFC 1035 4.1.1); with the name unknown.
FOUND, UNKNOWN = 0x8580, 0x8583


def start(room: Room, name: str, address: str, mood: Path) -> None:
    """The room asks nobody else."""
    program = (sys.executable, "-m", __name__, name, address, str(mood))
    room.start_in_network("dns", "env", f"--chdir={product.PROJECT}", *program)
    room.wait_for("dns", f"{SERVER}:{PORT}")
    room.place("/etc/resolv.conf").write_text(f"nameserver {SERVER}\n")


def answer(asked: bytes, name: str, address: str) -> bytes:
    """To a query of one question (RFC 1035 4.1)."""
    known = b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"
    end = asked.index(b"\0", HEADER_BYTES) + 1
    question = asked[HEADER_BYTES : end + 4]
    is_known = asked[HEADER_BYTES:end].lower() == known
    records = b""
    if is_known and int.from_bytes(asked[end : end + 2]) == A:
        # The name is where the question has it. It is good for no second: every connection asks anew.
        records = b"\xc0\x0c" + _numbers(A, CLASS_IN) + bytes(4) + _numbers(4) + socket.inet_aton(address)
    return asked[:2] + _numbers(FOUND if is_known else UNKNOWN, 1, bool(records), 0, 0) + question + records


def _numbers(*numbers: int) -> bytes:
    return b"".join(number.to_bytes(2) for number in numbers)


def main(name: str, address: str, mood: Path) -> None:
    # Nobody asks by TCP: it shows that the program listens.
    with socket.create_server((SERVER, PORT)), socket.socket(type=socket.SOCK_DGRAM) as listener:
        listener.bind((SERVER, PORT))
        while True:
            asked, client = listener.recvfrom(512)
            today = bad_day.in_file(mood)
            if today.kind != "hang" or random.random() >= today.share:  # noqa: S311
                listener.sendto(answer(asked, name, address), client)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
