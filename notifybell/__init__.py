"""NotifyBell: the notification inbox and delivery server that a small team runs itself."""

__version__ = "0.1.0"
