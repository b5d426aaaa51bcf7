"""The record layer: switches and legs, default rules, scope rules with their path, denies."""

from ostiary.access import public as access
from ostiary.access.public import Grant, Grants, Verb
from ostiary.assurance import public as assurance
from tests._site import Site
from tests.integration.objects._worlds import inside
from tests.integration.rights._editor import Harbour, open_editor

URL = "/rights/objects/boat"


def policy(harbour: Harbour) -> access.ObjectPolicy:
    with inside(harbour.home) as ctx:
        return access.view_policy(ctx).object(harbour.boat.id)


def test_the_layer_and_its_legs_are_turned(harbour: Harbour, admin: Site) -> None:
    editor = open_editor(admin, URL, "layer=records")
    assert editor.page.html.count('aria-checked="true"') == 9  # the layer and eight legs
    page = editor.do("leg boat shares")
    assert "off: Shares" in page.text
    page = editor.do("records boat")
    assert "record layer off: every record is open" in page.text
    assert "Default rules" not in page.text
    editor.do("records boat")
    editor.do("denies boat")
    editor.preview()
    assert editor.save().headers["Location"] == f"{URL}?layer=records&done=rights"
    switches = policy(harbour).records.switches
    assert (switches.records, switches.denies) == (True, True)
    assert access.leg_names(switches.legs) == access.ALL_LEGS - {"shares"}


def test_a_default_rule_is_added_raised_and_removed(harbour: Harbour, admin: Site) -> None:
    editor = open_editor(admin, URL, "layer=records")
    refused = editor.do("rule-add boat", **{"rule-author.text": "Crew", "rule-grantee.text": "Nobody"})
    assert refused.status == 422
    assert 'value="Crew"' in refused.html  # what was typed stays
    both = {"rule-author.text": "Crew", "rule-grantee.text": "Deck hands"}
    page = editor.do("rule-add boat", **both)
    assert "records of Crew for Deck hands: nothing → read" in page.text
    assert editor.do("rule-add boat", **both).status == 422
    words = f"boat {harbour.crew} {harbour.deck}"
    page = editor.do(f"rule {words} update delegable")
    assert "nothing → read and update and pass on" in page.text
    editor.preview()
    assert editor.save().status == 302
    rule = policy(harbour).records.rules[0]
    given = assurance.grants_of(rule.grants)
    assert given == Grants(read=Grant.GRANTED, update=Grant.DELEGABLE)
    editor = open_editor(admin, URL, "layer=records")
    assert "Put back" in editor.do(f"rule-off {words}").text
    assert "Nothing unsaved" in editor.do(f"rule-back {words}").text
    editor.do(f"rule-off {words}")
    editor.preview()
    assert editor.save().status == 302
    assert policy(harbour).records.rules == ()


def test_a_scope_rule_follows_a_path(harbour: Harbour, admin: Site) -> None:
    editor = open_editor(admin, URL, "layer=records")
    grantee = {"scope-grantee.text": "Crew", "attribute": "own_units"}
    page = editor.do("scope-add boat", **grantee)
    assert (page.status, "Choose whose value is compared" in page.text) == (422, True)
    page = editor.do("path boat", step="owner", **grantee)
    assert page.fields["path"] == "owner"
    assert 'value="Crew"' in page.html
    assert editor.do("path-clear").fields["path"] == ""
    page = editor.do("scope-add boat", step="owner", **grantee)
    assert page.fields["path"] == ""
    assert "Crew, Owner: nothing → read" in page.text
    editor.do(f"scope boat {harbour.crew} owner own_units delete granted")
    editor.preview()
    assert editor.save().status == 302
    rule = policy(harbour).records.scopes[0]
    assert (rule.grantee, rule.path, rule.attribute) == (harbour.crew, ("owner",), "own_units")
    assert {v for v, g in rule.grants.items() if g} == {Verb.READ, Verb.DELETE}
    editor = open_editor(admin, URL, "layer=records")
    assert "one of their roles" in editor.page.text
    editor.do(f"scope-off boat {harbour.crew} owner own_units")
    editor.preview()
    assert editor.save().status == 302
    assert policy(harbour).records.scopes == ()


def test_a_deny_rule_is_added_changed_and_removed(harbour: Harbour, admin: Site) -> None:
    editor = open_editor(admin, URL, "layer=records")
    editor.do("denies boat")
    page = editor.do("deny-add boat", **{"deny-author.text": "Crew", "deny-unit.text": "Ann Agent"})
    assert "records of Crew denied to Ann Agent: nothing → read" in page.text
    words = f"boat {harbour.crew} {harbour.ann}"
    editor.do(f"deny {words} update")
    editor.preview()
    assert editor.save().status == 302
    rule = policy(harbour).records.deny_rules[0]
    assert (rule.author, rule.unit, rule.verbs) == (
        harbour.crew,
        harbour.ann,
        frozenset({Verb.READ, Verb.UPDATE}),
    )
    editor = open_editor(admin, URL, "layer=records")
    editor.do(f"deny-off {words}")
    editor.do("denies boat")
    editor.preview()
    assert editor.save().status == 302
    assert policy(harbour).records.deny_rules == ()


def test_words_about_rules_that_mean_nothing_are_refused(harbour: Harbour, admin: Site) -> None:
    editor = open_editor(admin, URL, "layer=records")
    crew = harbour.crew
    for words in (
        "leg boat wings", "leg", "records ship", f"rule boat {crew} {crew} create granted",
        f"rule boat {crew} {crew} read maybe", f"rule boat {crew}", f"scope boat {crew} owner",
        f"deny boat {crew} {crew} create", "rule-add ship", f"scope boat {crew} nowhere self read granted",
    ):  # fmt: skip
        assert editor.do(words, **{"rule-author.text": "Crew", "rule-grantee.text": "Crew"}).status == 404, (
            words
        )
    page = editor.do(f"scope boat {crew} {crew} self read granted")  # a forged path is refused when saved
    assert page.status == 200
    assert editor.preview().status == 422
