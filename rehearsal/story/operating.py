"""Steps that need no person: the schedules' runs, and a repair."""

from datetime import UTC, datetime, timedelta

from rehearsal.contract import product
from rehearsal.contract.mail import Mail, Mailbox
from rehearsal.contract.tick_result import TickResult
from rehearsal.faults import Active, certificate
from rehearsal.story.step import Story, expect

BETWEEN_CHECKS = timedelta(minutes=5)
# Past a third of its 90 days.
DUE_DAYS = 40
FAULT = "registry-stopped"


def confirm(story: Story) -> str:
    """The person follows the link in AWS's mail."""
    (mail,) = Mailbox(story.world.workplace).read()
    _show(story, mail)
    story.client.run("curl", "--fail", "--silent", "--show-error", mail.link)
    confirmed = story.client.shell(story.outputs[product.OUTPUT_CONFIRM_ALERTS]).stdout.strip()
    expect(confirmed == "1", "1 confirmed subscription", confirmed)
    ringing = [each.name for each in story.world.control.alarms(None) if each.state == "ALARM"]
    expect(not ringing, "no alarm to ring before the first run of a function", ringing)
    return f"{mail.to} has confirmed the alerts' subscription, and no new alarm rings"


def health(story: Story) -> str:
    tick = _tick(story, "health")
    result = tick.result
    expect(result is not None and result["cause"] is None, "a registry that is well", result or tick.error)
    return (
        f"well, from outside ({result['milliseconds']} ms) and inside; the function took"
        f" {tick.duration_milliseconds:.0f} ms and {tick.memory_mib} MiB, and sent no mail"
    )


def renewal(story: Story) -> str:
    """The world's own authority makes the certificate older; then the month is over."""
    certificate.put(story.world, age_days=DUE_DAYS)
    old = _served_serial(story)
    tick = _tick(story, "renew")
    result = tick.result
    expect(result is not None and result["renewed"], "a renewed certificate", result or tick.error)
    new = _served_serial(story)
    expect(new != old, "another certificate to be served", new)
    return f"after {DUE_DAYS} of 90 days: the certificate {old} was served, and now {new} is"


def repair(story: Story) -> str:
    mailbox = Mailbox(story.world.workplace)
    before = len(mailbox.read())
    Active(story.world.workplace).begin(story.world, FAULT)
    began = datetime.now(UTC)
    results = [_tick(story, "health", began + number * BETWEEN_CHECKS).result for number in (1, 2, 3)]
    mails = mailbox.read()[before:]
    for mail in mails:
        _show(story, mail)
    subjects = [mail.subject for mail in mails]
    title = "The registry container is stopped"
    expected = [f"[{story.domain}] {state}: {title}" for state in ("DOWN", "RESOLVED")]
    expect(subjects == expected, f"the mails {expected}", (subjects, results))
    return f"repaired and alerted at the second check ({results[1]['repairs'][0]}), resolved at the third"


def _tick(story: Story, job: str, at: datetime | None = None) -> TickResult:
    return story.world.control.tick(job, (at or datetime.now(UTC)).isoformat())


def _show(story: Story, mail: Mail) -> None:
    for line in ("", *str(mail).splitlines(), ""):
        story.say(f"    {line}".rstrip())


def _served_serial(story: Story) -> str:
    shown = story.client.shell(
        f"openssl s_client -connect {story.domain}:443 -servername {story.domain} < /dev/null 2> /dev/null"
        " | openssl x509 -noout -serial"
    ).stdout
    return shown.strip().removeprefix("serial=")[:16].lower()
