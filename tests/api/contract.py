"""Every answer that a test of the API sees must be one that the OpenAPI document promises."""

import re
from typing import Any

import httpx
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

Json = dict[str, Any]


class Contract:
    """The document, ready to hold answers against."""

    def __init__(self, document: Json) -> None:
        self.document = document
        self._operations = [
            (method.upper(), re.compile(re.sub(r"\{\w+\}", "[^/]+", path) + "$"), operation)
            # a fixed path goes before one with a parameter
            for path, methods in sorted(document["paths"].items(), key=lambda item: "{" in item[0])
            for method, operation in methods.items()
        ]

    def operation(self, method: str, path: str) -> Json | None:
        """The documented operation of a request, or None."""
        return next(
            (
                operation
                for known, pattern, operation in self._operations
                if known == method and pattern.match(path)
            ),
            None,
        )

    def check(self, response: httpx.Response) -> None:
        """Fail unless the answer's status, media type and body are documented."""
        request = response.request
        operation = self.operation(request.method, request.url.path)
        if operation is None:
            return
        where = f"{request.method} {request.url.path} answered {response.status_code}"
        answer = operation["responses"].get(str(response.status_code))
        assert answer is not None, f"{where}, which is not documented: {response.text}"
        if "content" not in answer:
            assert not response.content, f"{where} with a body where none is documented"
            return
        media_type = response.headers["content-type"].partition(";")[0]
        assert media_type in answer["content"], f"{where} as {media_type}"
        if media_type.endswith("json"):
            schema = {**answer["content"][media_type]["schema"], **self._components}
            errors = [
                error.message for error in Draft202012Validator(schema).iter_errors(response.json())
            ]
            assert not errors, f"{where}: {errors}"

    @property
    def _components(self) -> Json:
        return {"components": self.document["components"]}
