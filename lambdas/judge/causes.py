"""Everything an alert can name. Code, runbook and rehearsal share these rows and nothing else."""

import re
from dataclasses import dataclass
from enum import StrEnum


class Step(StrEnum):
    """One repair, from the smallest to the largest."""

    SERVICE = "service"
    ENGINE = "engine"
    INSTANCE = "instance"


@dataclass(frozen=True, slots=True)
class Cause:
    id: str
    title: str
    """Ends the mail's subject, and heads the runbook's section."""

    why: str
    remedy: str
    repairs: tuple[Step, ...] = ()
    """What may be tried, in this order. Nothing where a new host would have the same fault."""

    repair_interrupts: bool = True
    """The first repair would interrupt clients, so it waits until they feel the fault anyway, as all others do."""

    @property
    def anchor(self) -> str:
        """The runbook's section, as GitHub and most Markdown renderers name it."""
        return re.sub(r"[^a-z0-9 -]", "", self.title.lower()).replace(" ", "-")


_ALL_STEPS = (Step.SERVICE, Step.ENGINE, Step.INSTANCE)

_ROWS = (
    Cause(
        "dns-missing",
        "The name has no address in DNS",
        "Asked for the registry's name, DNS gives no address, so nobody can find the host and no "
        "certificate can be issued.",
        "Restore the A record that the output PublicAddress of the dns stack shows, and check that the "
        "domain itself has not expired.",
    ),
    Cause(
        "dns-elsewhere",
        "DNS points elsewhere",
        "The A record names other addresses than this registry's, so clients and the certificate authority"
        " reach somebody else.",
        "Set the A record to the expected address below, and to that one only; it takes effect after its "
        "TTL.",
    ),
    Cause(
        "port-443-closed",
        "Port 443 is closed",
        "The host runs, but inbound connections to port 443 do not arrive.",
        "Open TCP 443 (and 80) to 0.0.0.0/0 in the security group of the host stack, or run cdk deploy "
        "again, which restores it; then look at network ACLs and at firewalls on the host.",
    ),
    Cause(
        "nginx-stopped",
        "nginx is stopped",
        "The host runs, but nginx, which answers on port 443, does not.",
        "Open a Session Manager shell and look at journalctl -u nginx; systemctl start nginx brings it back.",
        _ALL_STEPS,
    ),
    Cause(
        "nginx-config-broken",
        "nginx refuses its configuration",
        "A file below /etc/nginx was changed so that nginx cannot start with it, or cannot load the next "
        "certificate.",
        "Open a Session Manager shell, run nginx -t, undo the change it names, then systemctl "
        "reload-or-restart nginx. A new host has the configuration as deployed.",
        (Step.SERVICE, Step.INSTANCE),
    ),
    Cause(
        "login-check-stopped",
        "The login check is stopped",
        "The small nginx that checks passwords (registry-auth) does not run, so nobody can log in.",
        "Open a Session Manager shell and look at journalctl -u registry-auth; systemctl start "
        "registry-auth brings it back.",
        _ALL_STEPS,
    ),
    Cause(
        "front-door-silent",
        "The front door accepts but does not answer",
        "Connections to port 443 are accepted, but no TLS handshake or no HTTP answer follows in time.",
        "Look at the load of the host and at journalctl -u nginx in a Session Manager shell.",
        _ALL_STEPS,
    ),
    Cause(
        "not-the-registry",
        "Something else answers as the registry",
        "The address answers, but not as a Docker registry does: 401 without a login, JSON with one.",
        "Compare the answer below with what you expect at this address: a proxy, a parking page or another"
        " site on this host. The 4xx are nginx or the credentials: look at /var/log/nginx and at "
        "/etc/nginx.",
    ),
    Cause(
        "certificate-missing",
        "There is no certificate",
        "The host never got a certificate and serves a placeholder. The certificate authority must reach "
        "it on port 80 by its name.",
        "Check that inbound traffic to port 80 is allowed and that the A record points to the expected "
        "address; the host tries again by itself.",
    ),
    Cause(
        "certificate-expired",
        "The certificate has expired",
        "The certificate was not renewed in time, so every client refuses the connection.",
        "Run the function renew_certificate by hand: its mail names what stands in the way (port 80, DNS, "
        "rate limit, certificate authority).",
    ),
    Cause(
        "certificate-expiring",
        "The certificate expires soon",
        "Less than a fifth of the certificate's lifetime is left, and the renewals tried since the last "
        "third began have failed.",
        "Follow the renewal's own mail. Run the function renew_certificate by hand after the cure.",
    ),
    Cause(
        "certificate-wrong-name",
        "The certificate is for another name",
        "The certificate that is served does not name this registry, so every client refuses it.",
        "Look at /etc/registry/tls and /etc/letsencrypt/live/registry on the host; "
        "/opt/registry/steps/issue-certificate gets the right one.",
    ),
    Cause(
        "certificate-untrusted",
        "The certificate is not trusted",
        "The certificate was not signed by an authority that clients know: a staging or private authority "
        "(setting acme_directory), or a placeholder.",
        "Set acme_directory to production and deploy; if it is, look at the host's log for why no "
        "certificate was issued.",
    ),
    Cause(
        "certificate-not-served",
        "An old certificate is served",
        "A newer certificate is on the host's disk than the one served on port 443: nginx was not reloaded"
        " after the renewal.",
        "Open a Session Manager shell and run /opt/registry/steps/use-certificate, which tests, reloads and "
        "compares.",
        (Step.SERVICE,),
        repair_interrupts=False,
    ),
    Cause(
        "registry-stopped",
        "The registry container is stopped",
        "nginx answers 5xx because the registry container behind it does not run.",
        "Something is wrong with the registry container: read its log, docker logs registry, in a Session "
        "Manager shell. /opt/registry/steps/run-registry starts it.",
        _ALL_STEPS,
    ),
    Cause(
        "registry-crash-looping",
        "The registry container keeps crashing",
        "The registry container starts and ends again and again: a bad image or a bad configuration.",
        "Read its last lines below and docker logs registry; compare /etc/registry/registry.yml with what "
        "was deployed, and the setting registry_image with the version before.",
        _ALL_STEPS,
    ),
    Cause(
        "docker-stopped",
        "Docker is stopped or hangs",
        "The container engine does not run, or does not answer. The registry's container may have survived it.",
        "Open a Session Manager shell and look at journalctl -u docker; systemctl start docker brings both"
        " back.",
        (Step.ENGINE, Step.INSTANCE),
        repair_interrupts=False,
    ),
    Cause(
        "s3-denied",
        "S3 refuses access",
        "The host's role may not use the image bucket: its policy, the bucket's policy, or a key of KMS.",
        "Undo the change to the role or the bucket policy; cdk deploy restores the role. A new host would "
        "be refused as well.",
    ),
    Cause(
        "s3-bucket-missing",
        "The S3 bucket is missing",
        "The image bucket does not exist any more, and with it no image.",
        "Do not deploy in a hurry. Find out who deleted it (CloudTrail, DeleteBucket), create it again "
        "under the same name, and push the images again or restore them from your backup.",
    ),
    Cause(
        "s3-unreachable",
        "S3 is unreachable",
        "The host gets no answer from S3, or an error that is neither a refusal nor a missing bucket.",
        "Look at the AWS Health Dashboard, then at the VPC's S3 gateway endpoint and route table, which "
        "cdk deploy restores.",
    ),
    Cause(
        "disk-full",
        "The disk is full",
        "The host's disk is 95 % full or more: containers, logs and renewals fail. Images are in S3 and "
        "not affected.",
        "Open a Session Manager shell, find what grew with du -xh / | sort -h | tail, and delete it. A new"
        " host begins with an empty disk.",
        (Step.SERVICE, Step.INSTANCE),
        repair_interrupts=False,
    ),
    Cause(
        "memory-exhausted",
        "The memory is exhausted",
        "Less than 4 % of the host's memory is available, so programs stall or are killed.",
        "Choose a larger instance_type and deploy, if it happens again; journalctl -k shows who was killed.",
        _ALL_STEPS,
    ),
    Cause(
        "clock-wrong",
        "The clock is wrong",
        "The host's clock is off by more than a minute. AWS refuses requests, and certificates seem not "
        "yet or no longer valid.",
        "Open a Session Manager shell and look at timedatectl and at the time service; 169.254.169.123 is "
        "AWS's own time source.",
        (Step.SERVICE, Step.INSTANCE),
        repair_interrupts=False,
    ),
    Cause(
        "host-gone",
        "The host hangs or is gone",
        "Nothing answers on the address, and the host does not answer Systems Manager either.",
        "Nothing, if repair is on: the host is replaced by itself, which takes some minutes. Otherwise "
        "terminate the instance: the Auto Scaling group starts a new one.",
        (Step.INSTANCE,),
    ),
    Cause(
        "ssm-offline",
        "The SSM agent is offline",
        "The host cannot be reached by Systems Manager, so it can be neither asked, repaired nor renewed.",
        "Restart the agent from the EC2 serial console, or terminate the instance: the Auto Scaling group "
        "starts a new one. If new hosts are offline too, look at the role and at the route to the "
        "internet.",
    ),
    Cause(
        "address-lost",
        "The host has lost its address",
        "The registry's Elastic IP is not associated with a host that serves.",
        "Associate it with the host again: /opt/registry/steps/take-address in a Session Manager shell.",
    ),
    Cause(
        "health-login-refused",
        "The health user cannot log in",
        "The registry asks for a login and refuses the health user's, or its password cannot be read. "
        "Other users may be well.",
        "Delete the parameter users/pull/health if it was changed, then run /opt/registry/bin/sync-users "
        "first-login on the host, which creates it anew.",
        (Step.SERVICE,),
        repair_interrupts=False,
    ),
    Cause(
        "users-missing",
        "The users file is missing",
        "The host's password files are gone, so every login is refused.",
        "Open a Session Manager shell and run /opt/registry/bin/sync-users, which writes them from "
        "Parameter Store.",
        _ALL_STEPS,
    ),
    Cause(
        "users-outdated",
        "Changed users are not taken over",
        "For a quarter of an hour or more the host could not read the users from Parameter Store: who was added "
        "cannot log in, and who was revoked still can.",
        "Open a Session Manager shell and run /opt/registry/bin/sync-users: it says what fails. Usually the host's "
        "role or a key of KMS was changed; cdk deploy restores the role.",
    ),
    Cause(
        "alerts-undelivered",
        "Alerts are not delivered",
        "The topic could not hand a message over, or nobody has confirmed the e-mail subscription. Shown "
        "as an alarm and on the dashboard, because no mail could say it.",
        "Confirm the subscription in the mail from AWS Notifications (look in the spam folder), or "
        "subscribe again: cdk deploy with alert_email corrected.",
    ),
    Cause(
        "diagnosis-unreadable",
        "The host's diagnosis is unreadable",
        "What the host says about itself is not what the verb diagnose prints, so only the view from outside "
        "is known.",
        "Run /opt/registry/bin/diagnose in a Session Manager shell and compare; a new host has the scripts as "
        "deployed.",
        _ALL_STEPS,
    ),
    Cause(
        "renewal-port-80",
        "Renewal failed: port 80 is closed",
        "The certificate authority could not fetch the challenge from port 80.",
        "Open TCP 80 to 0.0.0.0/0 in the security group of the host stack (cdk deploy restores it), and "
        "look at firewalls and at nginx on the host. Then run renew_certificate by hand.",
    ),
    Cause(
        "renewal-dns",
        "Renewal failed: DNS points elsewhere",
        "The certificate authority did not find this host by the registry's name.",
        "Set the A record to the registry's address, and to that one only. Then run renew_certificate by "
        "hand.",
    ),
    Cause(
        "renewal-rate-limited",
        "Renewal failed: rate limited",
        "The certificate authority has refused further certificates for this name until the date below.",
        "Wait until that date: the next renewal after it is started by itself. Find out what asked so often.",
    ),
    Cause(
        "renewal-ca-down",
        "Renewal failed: certificate authority down",
        "The certificate authority does not answer, or answers with an error of its own.",
        "Nothing yet: renewals are tried again by themselves. If it lasts, look at the authority's status "
        "page.",
    ),
    Cause(
        "renewal-hook-failed",
        "Renewal failed: deploy hook",
        "There is a new certificate, but testing, reloading or saving it failed.",
        "Open a Session Manager shell and run /opt/registry/steps/deploy-certificate: it says what fails.",
    ),
    Cause(
        "renewal-failed",
        "Renewal failed",
        "The host could not renew the certificate, for a reason other than the known ones.",
        "Read the last lines below, and /var/log/letsencrypt/letsencrypt.log in a Session Manager shell.",
    ),
    Cause(
        "unexplained",
        "The registry does not work",
        "Clients cannot use the registry, and neither the view from outside nor the host explains it.",
        "Open a Session Manager shell: systemctl --failed, docker logs registry, /var/log/nginx/error.log.",
        _ALL_STEPS,
    ),
)

CAUSES = {cause.id: cause for cause in _ROWS}
