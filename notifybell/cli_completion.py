"""The command that prints what a shell needs to complete our commands."""

import click
from click.shell_completion import get_completion_class

_VARIABLE = "_NOTIFYBELL_COMPLETE"

_WHOLE = ('string split ","', 'string split --max 1 ","')
"""Click's script for fish cuts a text at its first comma."""


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print what lets SHELL complete commands and options.

    \b
    Example: notifybell completion bash > ~/.local/share/bash-completion/completions/notifybell
    Example: notifybell completion zsh > ~/.zfunc/_notifybell
    Example: notifybell completion fish > ~/.config/fish/completions/notifybell.fish
    """
    shape = get_completion_class(shell)
    if shape is None:
        raise click.BadParameter(f"{shell} is not known")
    root = context.find_root()
    script = shape(root.command, {}, "notifybell", _VARIABLE).source()
    click.echo(script.replace(*_WHOLE) if shell == "fish" else script)
