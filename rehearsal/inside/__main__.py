"""The world's first own process: ``python -m rehearsal.inside ORDER``."""

import signal
import sys
from pathlib import Path

from rehearsal.contract.order import Order
from rehearsal.inside.keeper import Keeper
from rehearsal.machine.workplace import Workplace

keeper = Keeper(Workplace.of_this_machine(), Order.read(Path(sys.argv[1])))
signal.signal(signal.SIGTERM, lambda *_: keeper.stop())
signal.signal(signal.SIGINT, signal.SIG_IGN)
keeper.run()
