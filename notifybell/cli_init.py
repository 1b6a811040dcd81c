"""The command that begins: a configuration with fresh secrets, and on request a systemd unit."""

from pathlib import Path

import click

from notifybell import config, config_warnings, new_config, systemd_unit
from notifybell.channels import web_push
from notifybell.cli_options import config_option
from notifybell.domain import passwords


@click.command()
@config_option
@click.option("--public-url", metavar="URL", help="The address that browsers will use.")
@click.option(
    "--origin",
    "origins",
    metavar="URL",
    multiple=True,
    help="A site that may show the bell; repeatable.",
)
@click.option("--store", metavar="PATH", type=click.Path(), help="Where the database file goes.")
@click.option("--smtp-host", metavar="HOST", help="The mail relay; turns email on with --from.")
@click.option("--from", "sender", metavar="ADDRESS", help="The sender of every mail.")
@click.option(
    "--contact",
    metavar="ADDRESS",
    help="Where push services reach you: mailto:… or https://… [the address of --from].",
)
@click.option(
    "--systemd",
    "unit_folder",
    is_flag=False,
    flag_value="",
    metavar="[FOLDER]",
    help="Also write a systemd unit [/etc/systemd/system; ~/.config/systemd/user if not root].",
)
def init(
    config_path: str | None,
    public_url: str | None,
    origins: tuple[str, ...],
    store: str | None,
    smtp_host: str | None,
    sender: str | None,
    contact: str | None,
    unit_folder: str | None,
) -> None:
    """Write a configuration file with fresh secrets.

    The file gets mode 600; an existing one is never touched. With --systemd also what runs it as a
    service; a configuration that is there is then used as it is.

    \b
    Example: notifybell init --public-url https://bell.example.com --contact mailto:ops@example.com
    """
    if smtp_host and not sender:
        raise click.UsageError("--smtp-host needs --from, the sender of every mail")
    service = None if unit_folder is None else _service(config_path, unit_folder)
    path = Path(config_path or config.PLACES[0]) if service is None else service.config
    if service is None or not path.exists():
        password = passwords.new_password()
        text = new_config.render(
            web_push_key=web_push.generate_private_key(),
            password_hash=passwords.hash_password(password),
            public_url=public_url,
            origins=origins,
            store=store or (str(service.store) if service and service.store else None),
            smtp_host=smtp_host,
            sender=sender,
            contact=contact,
        )
        made = new_config.write(path, text)
        click.echo(_next_steps(path, password, is_service=service is not None))
        _tell_of_the_example(made)
    if service is not None:
        systemd_unit.write(service)
        click.echo(f"\n{service.unit} is written. To enable it:\n\n{service.commands}")


def _service(config_path: str | None, unit_folder: str) -> systemd_unit.Service:
    """Where it goes and what it says; raises before anything is written."""
    service = systemd_unit.service_for(
        systemd_unit.own_command(),
        is_root=systemd_unit.is_root(),
        config=Path(config_path) if config_path else None,
        folder=Path(unit_folder) if unit_folder else None,
    )
    systemd_unit.make_folders(service)
    return service


def _next_steps(path: Path, password: str, *, is_service: bool) -> str:
    start = "as said below" if is_service else f"notifybell serve --config {path}"
    return "\n".join(
        [
            f"{path} is written, with fresh secrets and mode 600.",
            "",
            f"1. Look it over:          notifybell check --config {path}",
            f"2. Start the server:      {start}",
            f"3. Send a notification:   notifybell send --config {path} "
            "--to external_id:ann --title Hello",
            f"4. Log a user's bell in:  notifybell token external_id:ann --config {path}",
            "",
            "Your backend sends with the token under auth.project_tokens in that file.",
            f"The password of /dashboard, which is written down nowhere else: {password}",
        ]
    )


def _tell_of_the_example(made: config.Config) -> None:
    push = made.web_push
    if push is not None and config_warnings.is_example_contact(push.subject):
        click.echo(
            f"note: web_push.subject is still the example {push.subject}: put an address there at "
            "which push services reach you (or name it with --contact)",
            err=True,
        )
