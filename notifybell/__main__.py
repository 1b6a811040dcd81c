"""`python -m notifybell` is the `notifybell` command."""

from notifybell.cli import main

main()
