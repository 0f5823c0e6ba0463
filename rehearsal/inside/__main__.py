"""The world's first own process: ``python -m rehearsal.inside ORDER``."""

import signal
import sys
from pathlib import Path

from rehearsal.contract.order import Order
from rehearsal.inside.keeper import Keeper
from rehearsal.machine.workplace import Workplace


def main() -> None:
    """Keep the world that the order in the first argument describes."""
    workplace = Workplace.of_this_machine()
    keeper = Keeper(workplace, Order.read(Path(sys.argv[1])))
    signal.signal(signal.SIGTERM, lambda *_: keeper.stop())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    keeper.run()


if __name__ == "__main__":
    main()
