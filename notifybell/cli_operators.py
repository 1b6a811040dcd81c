"""The dashboard's passwords: made and hashed here, kept by the configuration file."""

import click

from notifybell.domain import passwords
from notifybell.domain.errors import NotifyBellError

_SHORTEST = 12


@click.command("password")
@click.option("--ask", is_flag=True, help="Type your own instead of getting a fresh one.")
def password_command(ask: bool) -> None:
    """Make a password for the dashboard.

    Prints the line for [dashboard] in the configuration file; a restart takes it up, and ends the
    sessions of the password before. A fresh password is printed once, and kept nowhere.

    \b
    Example: notifybell password
    """
    password = _asked() if ask else passwords.new_password()
    if not ask:
        click.echo(f"Password: {password}\n", err=True)
    click.echo(f'password_hash = "{passwords.hash_password(password)}"')


def _asked() -> str:
    """From the terminal, twice; from a program, once."""
    typed: str = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    if len(typed.strip()) < _SHORTEST:
        raise NotifyBellError(f"A password has at least {_SHORTEST} characters.")
    return typed.strip()
