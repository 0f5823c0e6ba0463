"""The story's part in which nobody does anything: the schedules' turns come, and something breaks."""

from datetime import UTC, datetime, timedelta
from typing import Any

from rehearsal.faults import Active, certificate
from rehearsal.inside import control
from rehearsal.inside.mailbox import Mail, Mailbox, printed
from rehearsal.story.step import Step, Story, expect

BETWEEN_CHECKS = timedelta(minutes=5)
# Past a third of its 90 days.
DUE_DAYS = 40
FAULT = "registry-stopped"


def confirm(story: Story) -> str:
    """The person follows the link in AWS's mail."""
    (mail,) = Mailbox(story.world.workplace).read()
    _show(story, mail)
    story.client.run("curl", "--fail", "--silent", "--show-error", mail.link)
    confirmed = story.client.shell(story.outputs["ConfirmAlerts"]).stdout.strip()
    expect(confirmed == "1", "1 confirmed subscription", confirmed)
    return f"{mail.to} has confirmed the alerts' subscription"


def health(story: Story) -> str:
    told = _tick(story, "health")
    result = told["result"]
    expect(result is not None and result["cause"] is None, "a registry that is well", result or told["error"])
    return (
        f"well, from outside ({result['milliseconds']} ms) and inside; "
        f"the function took {told['duration_milliseconds']:.0f} ms and {told['memory_mib']} MiB, and nobody hears of it"
    )


def renewal(story: Story) -> str:
    """The certificate is made older than it is, by the world's own authority; then the month is over."""
    certificate.put(story.world, age_days=DUE_DAYS)
    old = _served_serial(story)
    told = _tick(story, "renew")
    result = told["result"]
    expect(result is not None and result["renewed"], "a renewed certificate", result or told["error"])
    new = _served_serial(story)
    expect(new != old, "another certificate to be served", new)
    return f"after {DUE_DAYS} of 90 days: the certificate {old} was served, and now {new} is"


def repair(story: Story) -> str:
    mailbox = Mailbox(story.world.workplace)
    before = len(mailbox.read())
    Active(story.world.workplace).begin(story.world, FAULT)
    began = datetime.now(UTC)
    results = [_tick(story, "health", began + number * BETWEEN_CHECKS)["result"] for number in (1, 2, 3)]
    mails = mailbox.read()[before:]
    for mail in mails:
        _show(story, mail)
    subjects = [mail.subject for mail in mails]
    title = "The registry container is stopped"
    expected = [f"[{story.domain}] {state}: {title}" for state in ("DOWN", "RESOLVED")]
    expect(subjects == expected, f"the mails {expected}", (subjects, results))
    return f"docker stop registry: told at the second check ({results[1]['repairs'][0]}), over at the third"


STEPS = (
    Step("the alerts' subscription is confirmed", confirm),
    Step("a health check", health),
    Step("the monthly renewal", renewal),
    Step("the registry container is stopped, and nobody is awake", repair),
)


def _tick(story: Story, job: str, at: datetime | None = None) -> dict[str, Any]:
    moment = (at or datetime.now(UTC)).isoformat()
    told: dict[str, Any] = control.ask(story.world.workplace, "tick", job=job, at=moment)
    return told


def _show(story: Story, mail: Mail) -> None:
    for line in ("", *printed(mail).splitlines(), ""):
        story.say(f"    {line}".rstrip())


def _served_serial(story: Story) -> str:
    shown = story.client.shell(
        f"openssl s_client -connect {story.domain}:443 -servername {story.domain} < /dev/null 2> /dev/null"
        " | openssl x509 -noout -serial"
    ).stdout
    return shown.strip().removeprefix("serial=")[:16].lower()
