"""What a page's form sends, as browsers encode it (application/x-www-form-urlencoded)."""

from urllib.parse import parse_qsl

from notifybell.domain.errors import InvalidRequest

_MOST_FIELDS = 500


class Form:
    """Fields by name. What was not sent is empty text: a form is not JSON."""

    def __init__(self, fields: list[tuple[str, str]]) -> None:
        self._fields = fields

    def text(self, name: str) -> str:
        """The field without blanks around it; the last one, where there are several."""
        return next((value.strip() for key, value in reversed(self._fields) if key == name), "")

    def all(self, name: str) -> list[str]:
        """Every value of a field that may be sent more than once, such as checkboxes."""
        return [value for key, value in self._fields if key == name]

    def __contains__(self, name: str) -> bool:
        return any(key == name for key, _ in self._fields)


def read_form(body: bytes) -> Form:
    """Raises InvalidRequest for what no browser sends."""
    try:
        fields = parse_qsl(
            body.decode(),
            keep_blank_values=True,
            strict_parsing=bool(body),
            errors="strict",
            max_num_fields=_MOST_FIELDS,
        )
    except ValueError as exc:  # UnicodeDecodeError too
        raise InvalidRequest("The form cannot be read.") from exc
    return Form(fields)
