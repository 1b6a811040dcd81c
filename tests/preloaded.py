"""What the process that forks the tests' servers reads beforehand; nobody else imports this.

Also what a server imports only while it starts. All of it is then left alone by the garbage
collector, so a forked server neither walks nor copies it.
"""

import gc

import litestar.plugins.pydantic  # noqa: F401

import notifybell.cli  # noqa: F401
import tests.forked  # noqa: F401

gc.collect()
gc.freeze()
