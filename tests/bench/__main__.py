"""`python -m tests.bench [NAME …]`: the benchmarks, one after the other. Prints ratios."""

import argparse

from tests.bench import accept, deliver, fan_out, history, mails, streams

BENCHMARKS = {
    "accept": accept.main,
    "fan_out": fan_out.main,
    "history": history.main,
    "streams": streams.main,
    "deliver": deliver.main,
    "mails": mails.main,
}

parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
parser.add_argument("names", nargs="*", metavar="NAME", help=f"any of {', '.join(BENCHMARKS)}")
names = parser.parse_args().names or list(BENCHMARKS)
if unknown := set(names) - set(BENCHMARKS):
    parser.error(f"no benchmark is called {', '.join(sorted(unknown))}")
for name in names:
    BENCHMARKS[name]()
