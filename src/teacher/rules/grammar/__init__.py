"""General rules of English that turn a clause into questions; the answer is the clause itself.

The French Revolution began in 1789      When did the French Revolution begin?
The headquarters of NATO are in Brussels Where are the headquarters of NATO?
Finland has more than 100,000 lakes      How many lakes does Finland have?
Mount Everest is the highest mountain in the world   What is the highest mountain in the world?

Five forms of clause, a file each; in each a table of rules (rule.py says what a rule is), every one with an example
that is also its test.
"""

import re

from teacher.rules.clauses import starts_with_name
from teacher.rules.fact import Fact
from teacher.rules.grammar import attribute, be, count, creation, verb
from teacher.rules.grammar.phrases import NP
from teacher.rules.subject import ParsedArticle

FORMS = (creation.FORM, attribute.FORM, count.FORM, be.FORM, verb.FORM)  # the first that finds something is taken

HEAD = re.compile(NP + r"(?= (?:is|was|are|were|[a-z]+)\b)")
# A second clause with a subject of its own: '... was held and Chiapas declared ...'.
SECOND = re.compile(
    r"\b(?:is|was|are|were|[a-z]+ed) .* and (?:§|(?:the )?[A-Z][\w\-]*(?: [A-Z][\w\-]*)*) "
    r"(?:was|were|is|are|had|has|[a-z]+ed)\b"
)
NOT_PLAIN = re.compile(
    r"\b(?:not|never|may|might|could|would|should|more than any|who|whom|according|recently|currently|today|ago|said|"
    r"says|no longer|been)\b"
)


def general_facts(text: str, article: ParsedArticle, source: str) -> list[Fact]:
    """The facts of a clause, by the first form that finds one."""
    if not plain(text):
        return []
    return next((facts for form in FORMS if (facts := form.facts(text, article, source))), [])


def plain(text: str) -> bool:
    """Whether a clause states one thing of what it begins with."""
    return bool(
        HEAD.match(text)
        and starts_with_name(text)
        and not NOT_PLAIN.search(text)
        and text.count(",") <= 6
        and len(text.split()) >= 3
        and not SECOND.search(text)
        and ("both " in text) == bool(re.search(r"both .* and ", text))
    )
