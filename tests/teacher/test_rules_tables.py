"""The rules teacher's tables: every entry's example gives its question and answer, and only because of that entry."""

import dataclasses

import pytest

from teacher.rules import facts, grammar, relations
from teacher.rules.facts import facts_of
from teacher.rules.subject import parse_article

RULES = [(form, rule) for form in grammar.FORMS for rule in form.rules]
RELATIONS = relations.RELATIONS


def answers(title: str, text: str, question: str, kinds: dict | None = None) -> list[str]:
    """What the facts of an article answer to a question."""
    return [f.answer for f in facts_of(parse_article({"title": title, "text": text}, kinds or {})) if question in f.ask]


@pytest.mark.parametrize("form, rule", RULES, ids=[f"{form.name}: {rule.name}" for form, rule in RULES])
def test_a_grammar_rule_gives_its_example_and_nothing_else_does(form, rule, monkeypatch):
    title, text, question, answer, kinds = rule.example
    assert answers(title, text, question, kinds) == [answer]
    without = dataclasses.replace(form, rules=tuple(r for r in form.rules if r is not rule))
    monkeypatch.setattr(grammar, "FORMS", tuple(without if f is form else f for f in grammar.FORMS))
    assert answer not in answers(title, text, question, kinds)


@pytest.mark.parametrize("relation", RELATIONS, ids=[r.name for r in RELATIONS])
def test_a_relation_gives_its_example_and_nothing_else_does(relation, monkeypatch):
    title, text, question, answer = relation.example
    assert answers(title, text, question) == [answer]
    monkeypatch.setattr(facts, "PATTERNS", [p for p in relations.PATTERNS if p[0] is not relation])
    assert answer not in answers(title, text, question)


def test_names_in_the_tables_are_given_once():
    assert len({rule.name for _, rule in RULES}) == len(RULES) >= 25
    assert len({r.name for r in RELATIONS}) == len(RELATIONS) == 37


def test_a_word_list_has_every_word_once_and_no_blank():
    from teacher.rules.lexicon import WORDS, entries

    for path in WORDS.glob("*.txt"):
        listed = entries(path.stem)
        assert listed and len(set(listed)) == len(listed), path
        assert all(word == word.strip() for word in listed), path
        assert path.read_text(encoding="utf-8").startswith("# "), path
