"""The templates for group policies and the example for Linux say just what domonitor/policies.py reads."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from xml.etree import ElementTree

import pytest

from domonitor import policies
from domonitor.policies import KEY, POLICIES, SERVICES, Kind, Policy, look
from domonitor.settings import Settings
from tests.conftest import LayDown

PACKAGING = Path(__file__).parent.parent / "packaging"
ADMX = PACKAGING / "windows" / "policies" / "domonitor.admx"
ADML = PACKAGING / "windows" / "policies" / "en-US" / "domonitor.adml"
EXAMPLE = PACKAGING / "linux" / "domonitor.toml"

SPACE = "{http://schemas.microsoft.com/GroupPolicy/2006/07/PolicyDefinitions}"

ELEMENTS = {Kind.TEXT: "text", Kind.NUMBER: "decimal", Kind.LIST: "multiText"}
BOXES = {"text": "textBox", "decimal": "decimalTextBox", "multiText": "multiTextBox"}
"""Which box of the presentation belongs to which element. Source: ADMX schema, PolicyPresentation."""

ORDER = ("parentCategory", "supportedOn", "enabledValue", "disabledValue", "elements")
"""The schema wants the children of a policy in this order. Source: ADMX schema, PolicyDefinition."""


def parsed(path: Path) -> ElementTree.Element:
    return ElementTree.fromstring(path.read_bytes())


def local(element: ElementTree.Element) -> str:
    assert element.tag.startswith(SPACE)
    return element.tag.removeprefix(SPACE)


def found(path: Path, tag: str) -> list[ElementTree.Element]:
    return list(parsed(path).iter(SPACE + tag))


DEFINED = {element.attrib["name"]: element for element in found(ADMX, "policy")}
PARAMETERS = {
    element.attrib["id"]: element
    for policy in DEFINED.values()
    for elements in policy.iter(f"{SPACE}elements")
    for element in elements
}


def test_both_files_have_the_parts_of_the_schema_in_its_order() -> None:
    definitions, resources = parsed(ADMX), parsed(ADML)
    assert (local(definitions), local(resources)) == ("policyDefinitions", "policyDefinitionResources")
    expected = ["policyNamespaces", "resources", "supportedOn", "categories", "policies"]
    assert list(map(local, definitions)) == expected
    assert list(map(local, resources)) == ["displayName", "description", "resources"]
    assert list(map(local, resources[2])) == ["stringTable", "presentationTable"]
    for root in (definitions, resources):
        assert (root.attrib["revision"], root.attrib["schemaVersion"]) == ("1.0", "1.0")
    assert definitions[1].attrib == {"minRequiredRevision": resources.attrib["revision"]}


def test_there_are_these_policies_and_no_other() -> None:
    assert list(DEFINED) == [policy.name for policy in POLICIES]


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.name)
def test_a_policy_writes_what_is_read(policy: Policy) -> None:
    defined = DEFINED[policy.name]
    assert (defined.attrib["class"], defined.attrib["key"]) == ("Machine", KEY)
    children = [local(child) for child in defined]
    assert children == [each for each in ORDER if each in children]
    if policy.kind is Kind.YES_NO:
        assert defined.attrib["valueName"] == policy.name
        values = [defined.find(f"{SPACE}{name}Value/{SPACE}decimal") for name in ("enabled", "disabled")]
        assert [None if value is None else value.attrib["value"] for value in values] == ["1", "0"]
        assert "presentation" not in defined.attrib
        return
    assert "valueName" not in defined.attrib
    (element,) = next(defined.iter(f"{SPACE}elements"))
    assert (local(element), element.attrib["valueName"]) == (ELEMENTS[policy.kind], policy.name)
    assert element.attrib["required"] == "true"
    if policy.kind is Kind.NUMBER:
        assert (element.attrib["minValue"], element.attrib["maxValue"]) == ("0", f"{2**32 - 1}")  # else it ends at 9999
        assert "storeAsText" not in element.attrib
    assert element.attrib.get("expandable", "false") == ("true" if policy.name == "DownloadFolder" else "false")


def test_every_reference_leads_somewhere_and_nothing_is_left_over() -> None:
    strings = [each.attrib["id"] for each in found(ADML, "string")]
    presentations = [each.attrib["id"] for each in found(ADML, "presentation")]
    written = ADMX.read_text(encoding="utf-8")
    assert len(strings) == len(set(strings))
    assert set(re.findall(r"\$\(string\.(\w+)\)", written)) == set(strings)
    assert sorted(re.findall(r"\$\(presentation\.(\w+)\)", written)) == sorted(presentations)
    categories = {each.attrib["name"] for each in found(ADMX, "category")}
    supported = {each.attrib["name"] for each in found(ADMX, "definition")}
    assert {each.attrib["ref"] for each in found(ADMX, "parentCategory")} == categories
    assert {
        each.attrib["ref"] for policy in DEFINED.values() for each in policy.iter(f"{SPACE}supportedOn")
    } == supported
    for each in found(ADML, "string"):
        assert (each.text or "").strip()


def test_every_box_belongs_to_an_element_of_its_policy() -> None:
    boxes = {box.attrib["refId"]: box for shown in found(ADML, "presentation") for box in shown}
    assert boxes.keys() == PARAMETERS.keys()
    for name, box in boxes.items():
        assert local(box) == BOXES[local(PARAMETERS[name])]
        label = box.find(f"{SPACE}label")
        assert ((box.text or "") if label is None else (label.text or "")).strip()
    for shown in found(ADML, "presentation"):
        (own,) = next(DEFINED[shown.attrib["id"]].iter(f"{SPACE}elements"))
        assert [box.attrib["refId"] for box in shown] == [own.attrib["id"]]


def test_the_services_are_named_where_they_are_to_be_written() -> None:
    for path in (ADML, EXAMPLE):
        text = path.read_text(encoding="utf-8")
        assert all(re.search(rf"\b{name}\b", text) for name in SERVICES)


def test_the_example_lays_nothing_down_as_it_is(lay_down: LayDown) -> None:
    assert tomllib.loads(EXAMPLE.read_text(encoding="utf-8")) == {policies.TABLE: {}}


def test_every_line_of_the_example_is_a_policy_that_can_be_used(lay_down: LayDown) -> None:
    lines = re.findall(r"^#(\w+ = .+)$", EXAMPLE.read_text(encoding="utf-8"), re.MULTILINE)
    assert [line.split(" = ")[0] for line in lines] == [policy.key for policy in POLICIES]
    lay_down("\n".join(lines))
    found_there = look()
    assert found_there.problems == ()
    assert found_there.names == tuple(policy.name for policy in POLICIES)
    assert not found_there.may_command_others
    assert found_there.services == {"engine", "do-agent"}


def test_every_setting_of_a_policy_is_one() -> None:
    assert {policy.setting for policy in POLICIES} - {""} <= set(Settings.__dataclass_fields__)
