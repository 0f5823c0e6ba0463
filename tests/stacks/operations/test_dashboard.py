"""The dashboard."""

from tests.support.assembly import Assembly, readable


def test_the_dashboard_answers_the_operators_questions(assembly: Assembly) -> None:
    body = readable(assembly.operations.properties("AWS::CloudWatch::Dashboard")["DashboardBody"])
    for question in (
        "Is it well?",
        "Since when?",
        "How fast?",
        "How full?",
        "Certificate good for",
        "Who gets alerts?",
    ):
        assert question in body
