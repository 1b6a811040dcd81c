"""The OpenAPI document and the page made of it."""

import re
from html.parser import HTMLParser
from typing import Any

import httpx
import msgspec
import pytest
from openapi_spec_validator import validate

from notifybell.api import docs_reference, problems
from notifybell.api.app import create_litestar
from notifybell.api.broadcasts import BroadcastIn
from notifybell.api.preferences import PreferencesIn
from notifybell.api.token_forms import forms_of
from notifybell.api.users import UserIn
from notifybell.channels.registry import KINDS
from notifybell.domain import errors
from tests.api.shop import Json, Shop
from tests.api.test_access import routes


@pytest.fixture
async def document(shop: Shop) -> Json:
    response = await shop.anyone.get("/openapi.json")
    assert response.headers["content-type"] == "application/json"
    found: Json = response.json()
    return found


def operations(document: Json) -> list[tuple[str, str, Json]]:
    return [
        (method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


class TestDocument:
    async def test_it_is_valid_openapi_3_1(self, document: Json) -> None:
        assert document["openapi"].startswith("3.1")
        validate(document)

    async def test_every_route_of_the_api_is_in_it(self, shop: Shop, document: Json) -> None:
        known = {(method.upper(), path) for method, path, _ in operations(document)}
        for method, path, _ in routes(create_litestar(shop.parts)):
            if path.startswith("/api/"):
                assert (method, path) in known

    async def test_every_operation_is_told_in_words(self, document: Json) -> None:
        tags = {tag["name"] for tag in document["tags"] if tag["description"]}
        found = operations(document)
        for method, path, operation in found:
            where = f"{method} {path}"
            assert operation["summary"] and operation["description"], where
            assert set(operation["tags"]) <= tags and operation["tags"], where
            for parameter in operation.get("parameters", []):
                assert "null" not in str(parameter["schema"]), f"{where} {parameter['name']}"
        ids = [operation["operationId"] for _, _, operation in found]
        assert len(set(ids)) == len(ids)
        assert all(re.fullmatch("[a-z_]+", one) for one in ids)

    async def test_every_operation_says_who_may_call_it(self, shop: Shop, document: Json) -> None:
        wanted: dict[str, list[Json]] = {
            "project": [{"projectToken": []}],
            "user": [{"userToken": []}, {"projectToken": []}],
            "public": [],
        }
        for method, path, handler in routes(create_litestar(shop.parts)):
            if path in document["paths"]:
                operation = document["paths"][path][method.lower()]
                assert operation["security"] == wanted[handler.opt["access"]], path
        assert set(document["components"]["securitySchemes"]) == {"projectToken", "userToken"}

    async def test_refusals_are_problems(self, document: Json) -> None:
        for _, path, operation in operations(document):
            for status, answer in operation["responses"].items():
                if path.startswith("/api/") and status >= "400":
                    assert answer["content"] == {
                        "application/problem+json": {
                            "schema": {"$ref": "#/components/schemas/Problem"}
                        }
                    }

    async def test_every_schema_is_used(self, document: Json) -> None:
        used = set(re.findall("#/components/schemas/(\\w+)", str(document)))
        assert used == set(document["components"]["schemas"])

    async def test_nothing_of_litestars_own_is_served(self, shop: Shop) -> None:
        for path in ("/schema", "/schema/openapi.json", "/openapi", "/schema/swagger", "/redoc"):
            assert (await shop.anyone.get(path)).status_code == 404


class Page(HTMLParser):
    """What a page links to, loads, and holds as anchors."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.loads: list[str] = []
        self.tags: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, Any]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value)
            if name == "href" and tag == "a":
                self.links.append(value)
            if name in ("src", "srcset", "style") or name.startswith("on") or tag == "link":
                self.loads.append(f"{tag} {name}")


def hosts_in_examples() -> set[str]:
    """Where the tokens of the examples lead."""
    bodies = (msgspec.json.encode(form.struct.example).decode() for form in forms_of(KINDS))
    return {host for body in bodies for host in re.findall(r"https://([^/\"]+)", body)}


@pytest.fixture
async def answer(shop: Shop) -> httpx.Response:
    return await shop.anyone.get("/docs/api")


class TestPage:
    async def test_it_loads_and_runs_nothing(self, answer: httpx.Response) -> None:
        page = Page(answer.text)
        assert page.loads == []
        assert not page.tags & {"script", "iframe", "object", "form", "img", "base"}
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        hosts = set(re.findall(r"https?://([^/&\s]+)", answer.text))
        assert hosts <= {"bell.example.com", *hosts_in_examples()}

    async def test_every_anchor_exists_once(self, answer: httpx.Response) -> None:
        page = Page(answer.text)
        assert len(page.ids) == len(set(page.ids))
        inside = {link[1:] for link in page.links if link.startswith("#")}
        assert inside <= set(page.ids)
        assert {link for link in page.links if not link.startswith("#")} == {
            "/docs",
            "/openapi.json",
        }

    async def test_every_operation_and_schema_is_shown(
        self, answer: httpx.Response, document: Json
    ) -> None:
        ids = set(Page(answer.text).ids)
        for method, path, operation in operations(document):
            assert operation["operationId"] in ids
            url = f"https://bell.example.com{path}"
            assert (
                f"curl {'' if method == 'get' else f'-X {method.upper()} '}&#39;{url}"
                in answer.text
            )
        assert {f"schema-{name}" for name in document["components"]["schemas"]} <= ids

    async def test_every_code_has_its_anchor(self, answer: httpx.Response) -> None:
        ids = set(Page(answer.text).ids)
        for entry in problems.catalogue():
            assert f"error-{entry.code}" in ids
            assert entry.sentence in answer.text

    async def test_each_problem_leads_to_its_anchor(
        self, shop: Shop, answer: httpx.Response
    ) -> None:
        ids = set(Page(answer.text).ids)
        refusals = [
            await shop.anyone.get("/api/users"),
            await shop.ann.get("/api/users"),
            await shop.project.get("/nothing"),
            await shop.project.patch("/api/users"),
            await shop.project.put("/api/users", content=b"{"),
            await shop.project.put("/api/users", json={}),
        ]
        for refusal in refusals:
            page, _, anchor = refusal.json()["type"].partition("#")
            assert (page, anchor in ids) == ("/docs/api", True), refusal.text


class TestCatalogue:
    def test_every_refusal_of_the_domain_is_in_it(self) -> None:
        codes = {entry.code: entry.status for entry in problems.catalogue()}
        for base in (errors.RequestRefused, errors.Busy):
            for cls in [*base.__subclasses__(), *(errors.Conflict.__subclasses__())]:
                assert codes[cls.code] >= 400
        assert codes["idempotency_mismatch"] == 422
        assert codes["conflict"] == 409
        assert codes["token_expired"] == 401

    def test_a_code_stands_in_it_once_and_is_a_word(self) -> None:
        codes = [entry.code for entry in problems.catalogue()]
        assert len(codes) == len(set(codes))
        assert all(re.fullmatch("[a-z_]+", code) for code in codes)


class TestExamples:
    async def test_every_body_has_one(self, document: Json) -> None:
        for _, path, operation in operations(document):
            if "requestBody" in operation:
                content = operation["requestBody"]["content"].get("application/json")
                if content is None:
                    continue  # no Struct: a whole mail
                name = content["schema"]["$ref"].rpartition("/")[2]
                schema = document["components"]["schemas"][name]
                assert name in docs_reference.EXAMPLES or schema.get("examples", [{}])[0], path

    @pytest.mark.parametrize("struct", [BroadcastIn, UserIn, PreferencesIn])
    def test_an_example_is_what_the_body_may_be(self, struct: Any) -> None:
        assert problems_of(struct, docs_reference.EXAMPLES[struct.__name__]) == ""

    async def test_the_first_example_sends(self, shop: Shop) -> None:
        response = await shop.project.post(
            "/api/broadcasts", json=docs_reference.EXAMPLES["BroadcastIn"]
        )
        assert response.status_code == 201
        assert len(await shop.inbox(shop.ann)) == 1


def problems_of(struct: Any, example: Json) -> str:
    try:
        msgspec.convert(example, struct, strict=True)
    except msgspec.ValidationError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "string"}, "string"),
        ({"type": "string", "minLength": 1, "maxLength": 255}, "string, 1 to 255 characters"),
        ({"type": "string", "maxLength": 2048}, "string, at most 2,048 characters"),
        ({"type": ["object", "null"]}, "object or null"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "string or null"),
        ({"enum": ["on", "off", None]}, '"on" | "off" | null'),
        ({"type": "array", "items": {"type": "string"}, "minItems": 1}, "array of string"),
        ({}, "anything"),
    ],
)
def test_a_schema_is_told_in_words(schema: Json, words: str) -> None:
    assert docs_reference.type_of(schema) == docs_reference.Type(words)
