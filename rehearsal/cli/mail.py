"""``mail``: the mailbox of the person who gets the alerts, and the subscriptions."""

import argparse
import json
from dataclasses import asdict

from rehearsal.cli.command import Command, add_json
from rehearsal.contract.mail import Mailbox
from rehearsal.machine.workplace import Workplace
from rehearsal.outside.world import World


def _show(workplace: Workplace, arguments: argparse.Namespace) -> int:
    world, mailbox = World.running(workplace), Mailbox(workplace)
    if arguments.confirm:
        for link in {mail.link for mail in mailbox.read() if mail.link}:
            world.client().run("curl", "--fail", "--silent", "--show-error", link)
    subscriptions = [
        {
            "endpoint": each["Endpoint"],
            "state": "pending" if each["SubscriptionArn"] == "PendingConfirmation" else "confirmed",
        }
        for each in world.aws("sns").list_subscriptions()["Subscriptions"]
    ]
    mails = mailbox.read()
    if arguments.json:
        print(json.dumps({"subscriptions": subscriptions, "mail": list(map(asdict, mails))}, indent=2))
        return 0
    for mail in mails:
        print(mail, end="\n\n")
    for each in subscriptions:
        print(f"{each['endpoint']}: {each['state']}")
    return 0


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_json(parser)
    parser.add_argument("--confirm", action="store_true", help="first follow the links of pending subscriptions")


MAIL = Command("mail", "print the e-mails received, and the state of each subscription", _show, _add_arguments)
