"""`python -m tests.bench`: every benchmark, one after the other. Prints ratios."""

from tests.bench import accept, deliver, fan_out, history, streams

accept.main()
fan_out.main()
history.main()
streams.main()
deliver.main()
