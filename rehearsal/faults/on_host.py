"""What can break on a host: services, files, disk, memory, clock, power."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from rehearsal.contract import product
from rehearsal.faults.bucket import allow_again, deny, host_role
from rehearsal.faults.fault import Fault, FaultError, Target, in_world, on_newest_host
from rehearsal.faults.reachability import ELSEWHERE
from rehearsal.outside.world import World

LITTLE_MEMORY_PERCENT = 2
SLOW_LIST = "GET /v2/_catalog?n=1000 HTTP/1.1"
REBOOT_REQUIRED = "/run/reboot-required"
RESOLVER = "/etc/resolv.conf"
GROWN = "/var/tmp/grown"  # noqa: S108  on the host


def commanded(what: str, harm: tuple[str, ...], mend: tuple[str, ...]) -> Fault:
    """A fault that one command makes, and another undoes."""
    return on_newest_host(what, lambda target: target.do(*harm), lambda target: target.do(*mend))


def stopped(what: str, service: str) -> Fault:
    return commanded(what, ("systemctl", "stop", service), ("systemctl", "start", service))


def not_executable(what: str, path: str) -> Fault:
    return commanded(what, ("chmod", "a-x", path), ("chmod", "a+x", path))


def edited(what: str, path: str, old: str, new: str, *after: str) -> Fault:
    """A file that has ``new`` wherever it had ``old``, and the command ``after`` with which it takes effect."""

    def begin(world: World) -> dict[str, str]:
        target = Target.newest(world)
        before = target.read(path)
        if old not in before:
            raise FaultError(f"{path} on {target.host.id} does not have {old!r} in it")
        target.write(path, before.replace(old, new))
        target.try_to(*after)
        return {"host": target.host.id, "before": before}

    def end(world: World, remembered: Mapping[str, str]) -> None:
        if target := Target.named(world, remembered["host"]):
            target.write(path, remembered["before"])
            target.do(*after)

    return Fault(what, begin, end)


def _stop_login_check(target: Target) -> None:
    target.do("systemctl", "stop", product.LOGIN_CHECK)
    _forget_logins(target)


def _stop_docker(target: Target) -> None:
    # Its containers outlive Docker (live-restore): with this one stopped too, clients notice.
    target.do("docker", "stop", product.CONTAINER)
    target.do("systemctl", "stop", "docker.socket", "docker.service")


def _start_docker(target: Target) -> None:
    target.do("systemctl", "start", "docker.service")
    target.do("docker", "start", product.CONTAINER)


def _lose_users(target: Target) -> None:
    # It would write them again within the minute.
    target.do("systemctl", "stop", product.USERS_TIMER)
    target.do("rm", "--force", product.PUSH_USERS, product.PULL_USERS)
    _forget_logins(target)


def _write_users(target: Target) -> None:
    target.do(product.SYNC_USERS)
    target.do("systemctl", "start", product.USERS_TIMER)


def _hide_users(world: World) -> dict[str, str]:
    """From the host's role, twenty minutes ago."""
    target = Target.newest(world)
    role = deny(world, host_role(target), "ssm:GetParametersByPath", "*")
    target.do("touch", "--date=20 minutes ago", product.USERS_SYNCED)
    return {"host": target.host.id, "role": role}


def _show_users(world: World, remembered: Mapping[str, str]) -> None:
    allow_again(world, remembered["role"])
    if target := Target.named(world, remembered["host"]):
        target.do(product.SYNC_USERS)


def _forget_logins(target: Target) -> None:
    """As the host does when a user changes: cached logins would hide a broken login check for a minute."""
    target.do(*product.FORGET_LOGINS)


def _log_slow_lists(target: Target) -> None:
    """As the front door logs them: lists that took a user 41 seconds, as on a registry with very many tags."""
    line = f'203.0.113.9 ci [{datetime.now(UTC).isoformat(timespec="seconds")}] "{SLOW_LIST}" 200 512 41.000 "curl"\n'
    target.write(product.ACCESS_LOG, target.read(product.ACCESS_LOG) + 3 * line)


def _forget_slow_lists(target: Target) -> None:
    lines = target.read(product.ACCESS_LOG).splitlines(keepends=True)
    target.write(product.ACCESS_LOG, "".join(line for line in lines if SLOW_LIST not in line))


def _need_reboot(target: Target) -> None:
    """As the hook of a new kernel asks for it (/etc/kernel/postinst.d/unattended-upgrades)."""
    target.do("touch", REBOOT_REQUIRED)
    target.do("touch", "--date=8 days ago", product.REBOOT_DUE_SINCE)


def _need_no_reboot(target: Target) -> None:
    target.do("rm", "--force", REBOOT_REQUIRED, product.REBOOT_DUE_SINCE)


def fill_disk(target: Target, *, whole: bool = False) -> None:
    """But for a hundredth of what is free, or to its last byte."""
    # Root may use blocks that df does not count as available.
    blocks, size = target.do("stat", "--file-system", "--format=%f %S", "/").split()
    free = int(blocks) * int(size)
    # Allocated without being written: it takes the host's disk, and no time.
    target.do("fallocate", f"--length={free - free // 100}", GROWN)
    if whole:
        # Ends where nothing is left.
        target.try_to("dd", "if=/dev/zero", f"of={GROWN}", "bs=1M", "oflag=append", "conv=notrunc")


def free_disk(target: Target) -> None:
    target.do("rm", "--force", GROWN)


def _exhaust_memory(target: Target) -> None:
    """The host shares this machine's memory, and would take it from everything else: it is shown a smaller one."""
    lines = target.read("/proc/meminfo").splitlines()
    total = int(next(line.split()[1] for line in lines if line.startswith("MemTotal:")))
    left = total * LITTLE_MEMORY_PERCENT // 100
    shown = [
        f"{line.split()[0]} {left} kB" if line.startswith(("MemFree:", "MemAvailable:")) else line for line in lines
    ]
    target.do("touch", "/run/meminfo")
    target.write("/run/meminfo", "\n".join(shown) + "\n")
    target.do("mount", "--bind", "/run/meminfo", "/proc/meminfo")


def _off(hours: str) -> Callable[[Target], None]:
    return lambda target: _set_clock(target, hours)


def _set_clock(target: Target, off: str) -> None:
    """This machine's clock stays: every program on the host started from now on sees another."""
    root = target.world.state.client_root
    library = in_world(target.world, "find", f"{root}/usr/lib", "-name", "libfaketime.so.1").split()[0]
    in_world(target.world, "cp", library, target.path("/usr/lib/libfaketime.so.1"))
    target.do("touch", "/etc/faketimerc", "/etc/ld.so.preload")
    target.write("/etc/faketimerc", f"{off}\n")
    target.write("/etc/ld.so.preload", "/usr/lib/libfaketime.so.1\n")


def _set_clock_right(target: Target) -> None:
    # Not by a program on the host, which may fail where the clock jumps.
    in_world(target.world, "rm", "--force", *map(target.path, ("/etc/ld.so.preload", "/etc/faketimerc")))


def _cut_power(world: World) -> str:
    instance_id = Target.newest(world).host.id
    world.control.power(instance_id, on=False)
    return instance_id


def _restore_power(world: World, instance_id: str) -> None:
    if any(host.id == instance_id and host.leader_pid is None for host in world.hosts()):
        world.control.power(instance_id, on=True)


FAULTS: Mapping[str, Fault] = {
    "nginx-stopped": stopped("nginx is stopped", product.NGINX),
    "nginx-config-broken": edited(
        "a typing error in nginx.conf, and nginx is restarted with it",
        product.NGINX_CONFIGURATION, "http {", "http {\n    this is no configuration;",
        "systemctl", "restart", product.NGINX,
    ),
    "login-check-stopped": on_newest_host(
        "the small nginx that checks passwords is stopped",
        _stop_login_check,
        lambda target: target.do("systemctl", "start", product.LOGIN_CHECK),
    ),
    "front-door-silent": commanded(
        "nginx hangs: connections are accepted, nothing answers",
        ("systemctl", "kill", "--signal=STOP", product.NGINX),
        ("systemctl", "kill", "--signal=CONT", product.NGINX),
    ),
    "not-the-registry": edited(
        "another site is put in the registry's place on this host",
        product.NGINX_CONFIGURATION, "client_max_body_size 0;",
        "client_max_body_size 0;\n        return 200 '<html>It works!</html>';",
        "systemctl", "reload", product.NGINX,
    ),
    "registry-stopped": commanded(
        "the registry container is stopped",
        ("docker", "stop", product.CONTAINER),
        ("docker", "start", product.CONTAINER),
    ),
    "registry-crash-looping": edited(
        "registry.yml is damaged, and the container is restarted with it",
        product.REGISTRY_CONFIGURATION, "version: 0.1", "version: 0.1\nstorage: [",
        "docker", "restart", product.CONTAINER,
    ),
    "docker-stopped": on_newest_host("the container and Docker are stopped", _stop_docker, _start_docker),
    "disk-full": on_newest_host(
        "a file grows until the host's disk is full", fill_disk, free_disk
    ),
    "memory-exhausted": on_newest_host(
        "the host has 2 % of its memory left",
        _exhaust_memory,
        lambda target: target.do("umount", "/proc/meminfo"),
    ),
    "clock-wrong": on_newest_host("the host's clock is an hour behind", _off("-1h"), _set_clock_right),
    "clock-ahead": replace(
        on_newest_host("the host's clock is an hour ahead", _off("+1h"), _set_clock_right), cause="clock-wrong"
    ),
    "host-gone": Fault("the host loses its power; EC2 does not notice", _cut_power, _restore_power),
    "ssm-offline": stopped("the SSM agent is stopped", "amazon-ssm-agent.service"),
    "users-missing": on_newest_host(
        "the password files are deleted, and the timer that writes them is stopped", _lose_users, _write_users
    ),
    "users-outdated": Fault("the host's role may not read the users any more", _hide_users, _show_users),
    "diagnosis-unreadable": not_executable("the verb diagnose is damaged", product.DIAGNOSE),
    "listings-slow": on_newest_host(
        "users' lists took 41 seconds, says the front door's log", _log_slow_lists, _forget_slow_lists
    ),
    "reboot-due": on_newest_host(
        "an upgrade has been waiting for a reboot for eight days", _need_reboot, _need_no_reboot
    ),
    "host-resolver-broken": edited(
        "the host asks a name server that does not exist",
        RESOLVER, "nameserver ", f"nameserver {ELSEWHERE}\n# nameserver ", "true",
    ),
    "unexplained": edited(
        "nginx looks for the registry on another port",
        product.NGINX_CONFIGURATION, product.NGINX_TO_REGISTRY, "server 127.0.0.1:5999",
        "systemctl", "reload", product.NGINX,
    ),
}  # fmt: skip
