"""The choice of a Debian mirror, from apt's own list."""

from rehearsal.machine.roots import Mirror, choose_mirror

PUBLIC = Mirror("http://deb.debian.org/debian", "http://deb.debian.org/debian-security")


def test_mirror_is_the_machines_own_where_it_has_debian() -> None:
    listing = (
        "https://download.docker.com/linux/debian/ bookworm stable\n"
        "http://apt.example.org/pub/debian/ bookworm main\n"
        "http://apt.example.org/pub/debian/ bookworm-updates main\n"
        "http://sec.example.org/debian-security/ bookworm-security main\n"
        "https://deb.nodesource.com/node_20.x/ nodistro main\n"
    )
    own = Mirror("http://apt.example.org/pub/debian", "http://sec.example.org/debian-security")
    assert choose_mirror(listing) == own


def test_mirror_is_debians_public_one_on_ubuntu_and_where_nothing_is_configured() -> None:
    assert choose_mirror("http://archive.ubuntu.com/ubuntu/ noble main\n") == PUBLIC
    assert choose_mirror("") == PUBLIC
