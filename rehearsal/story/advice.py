"""The step of the doctor, before anything is deployed and once the registry runs."""

from rehearsal.contract import product
from rehearsal.outside import doctor
from rehearsal.story.step import Story, expect


def nothing_fails(story: Story) -> str:
    report = doctor.ask(story.world)
    for line in report.text.splitlines():
        story.say(f"    {line}".rstrip())
    failures = report.with_word(product.DOCTOR_FAILURE)
    expect(report.exit_code == 0 and not failures, "no line that fails", (report.exit_code, failures or report.text))
    expect(bool(report.price), "the price of a month", report.text)
    well = len(report.with_word(product.DOCTOR_OK))
    return f"{well} of {len(report.lines)} lines are well; a month costs {report.price} dollars"
