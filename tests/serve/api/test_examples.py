"""The description in OpenAPI has examples of everything, and they are right."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from lipsync_ray.serve.api.examples import DONE, RUNNING
from lipsync_ray.serve.job import ServedJob
from tests.serve.api.served import House


@pytest.fixture(scope="module")
def document(open_house: House) -> dict[str, Any]:
    return open_house.app.openapi()


def examples_of(told: dict[str, Any]) -> list[Any]:
    return [*told.get("examples", []), *([told["example"]] if "example" in told else [])]


def check(example: Any, schema: dict[str, Any], document: dict[str, Any]) -> None:
    whole = {**schema, "components": document["components"]}
    Draft202012Validator(whole, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(example)


def bodies(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Names and contents of all that is sent and answered, but for bytes."""
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            told = {"request": operation.get("requestBody", {}), **operation["responses"]}
            for name, body in told.items():
                for kind, content in body.get("content", {}).items():
                    if content["schema"].get("format") != "binary":
                        yield f"{method} {path} {name} {kind}", content


def test_all_bodies_of_operations_have_examples(document: dict[str, Any]) -> None:
    names = []
    for name, content in bodies(document):
        schema = content["schema"]
        model = document["components"]["schemas"].get(schema.get("$ref", "").rpartition("/")[2], {})
        found = [*examples_of(content), *examples_of(model)]
        assert found, name
        for example in found:
            if "text/event-stream" not in name:  # its schema is that of one event
                check(example, schema, document)
        names.append(name)
    assert len(names) > 60


def test_all_parameters_have_examples(document: dict[str, Any]) -> None:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for parameter in operation.get("parameters", []):
                found = [*examples_of(parameter), *examples_of(parameter["schema"])]
                assert found, (method, path, parameter["name"])
                for example in found:
                    check(example, parameter["schema"], document)


def test_all_models_have_examples_with_all_of_their_fields(document: dict[str, Any]) -> None:
    for name, model in document["components"]["schemas"].items():
        found = examples_of(model)
        assert found, name
        for example in found:
            check(example, model, document)
            assert set(example) <= set(model["properties"]), name
        for field, schema in model["properties"].items():
            for example in examples_of(schema):
                check(example, schema, document)
            assert name.startswith("Wish") or any(field in example for example in found), (name, field)


def test_a_wrong_example_would_be_seen(document: dict[str, Any]) -> None:
    from jsonschema import ValidationError

    job = document["components"]["schemas"]["JobShown"]
    for wrong in ({**RUNNING, "state": "asleep"}, {**RUNNING, "video": {"name": 3}}, {"id": "x"}):
        with pytest.raises(ValidationError):
            check(wrong, job, document)


def test_examples_of_jobs_are_as_the_service_shows_them(open_house: House) -> None:
    job: ServedJob = open_house.add(state="done", finished=1_800_000_100.0)
    with open_house.client() as client:
        shown = client.get(f"/v1/jobs/{job.id}").json()
    assert set(shown) == set(DONE) == set(RUNNING)
