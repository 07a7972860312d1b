"""The kinds of fact that the rules teacher knows by name: how a clause says them and how one asks for them.

A pattern is matched against one clause in which every mention of the article's own subject is the mark §.
{S} is § or another name, {V} what the clause says of it. Wordings are templates: {S} and {V}; {S's} the possessive; {bare} the
subject without its article; {aV} the value with 'a'; {it} {its} {them} {is} {was} {does} {has} {s} agree with the subject;
{kind} is what the subject is and {vkind} what the value is (wordings with them are left out where that is not known).
"""

import re
from dataclasses import dataclass
from functools import cache

from teacher.rules.english import DATE, MONTH, NAME, NUMBER

SUBJECT = rf"(?P<S>§|{NAME}|[a-z]{{3,}})"  # a small word only if an article has that name
ONE = rf"(?:§|{NAME})"
LIST = rf"(?P<V>{ONE}(?:, {ONE})*(?:,? and {ONE})?)"
PLACE = rf"(?:the (?:[a-z\-]+ (?:of|in) )?(?:the )?)?{ONE}(?:, {NAME}| in (?!{MONTH}){NAME})?"
COLOUR = r"(?P<V>(?:dark |light |pale |deep |bright )?(?:red|blue|green|yellow|white|black|violet|purple|orange|pink|brown|grey|golden|silvery|clear|blue-green|many-coloured))"
CONTINENT = r"(?P<V>Africa|Antarctica|Asia|Australia|Europe|North America|South America|Oceania)"
UNITS = (
    r"(?:(?:square |cubic )?(?:kilomet(?:re|er)s?|met(?:re|er)s?|centimet(?:re|er)s?|millimet(?:re|er)s?|miles?|feet|inch(?:es)?|"
    r"km²?|km2|m|cm|mm|ft|mi|hectares|acres)|sq mi|tonnes|tons|kilograms?|kg|grams?|pounds|degrees(?: Celsius)?|°C|percent|per cent|"
    r"hours|days|years|minutes|seconds)"
)


@dataclass(frozen=True)
class Relation:
    name: str
    find: tuple[str, ...]  # patterns with {S} and {V}; matched from the clause's first character to its last
    ask: tuple[str, ...]
    answer: str
    follow: tuple[str, ...] = ()  # questions with a pronoun, after a turn that named the subject
    check: str = ""  # yes/no question with {V}
    back: tuple[str, ...] = ()  # asks for the subject, given the value
    back_answer: str = ""
    value: str = "name"  # what {V} may be: a key of VALUES
    tail: str = r"(?: (?:in|since|from|on|at|with|near|as|by|for|until|of) .+)?"  # what may follow the value unasked
    of_kind: str = ""  # kinds of subject that it is said of; "": all
    of_person: bool = False  # whether a name that no article has must be a person's


VALUES = {
    "name": rf"(?P<V>{ONE})",
    "list": LIST,
    "noun": r"(?P<V>(?:the |an? )?[^,;:]+?)",
    "quoted": r"(?P<V>\"[^\"]+\"|“[^”]+”)",
    "date": rf"(?P<V>{DATE})",
    "word": r"(?P<V>[a-z\-]+)",
    "phrase": r"(?P<V>[^;:]+?)",
    "number": rf"(?P<V>{NUMBER}(?: {UNITS})*(?: (?:people|inhabitants))?)",
    "place": rf"(?P<V>{PLACE})",
}


def attribute(
    name: str,
    find: tuple = (),
    ask: tuple = (),
    value: str = "name",
    back: bool = True,
    plural: bool = False,
    tail: str | None = None,
    check: str = "",
) -> Relation:
    """A relation of the form 'the capital of France is Paris', with the wordings that all such share."""
    be, verb = ("are", "are") if plural else ("is", "is")
    return Relation(
        name=name,
        find=(
            rf"[Tt]he {name} of {{S}} (?:is|are) (?:called |the )?{{V}}",
            rf"{{S}}['’]s {name} (?:is|are) (?:the )?{{V}}",
            rf"{{V}} (?:is|are) the {name} of {{S}}",
            rf"{{S}} has (?:the|a|an) {name} (?:of )?{{V}}",
            rf"{{S}} has {{V}} as its {name}",
        )
        + find,
        ask=(
            f"What {be} the {name} of {{S}}?",
            f"What {be} {{S's}} {name}?",
            f"Can you tell me the {name} of {{S}}?",
            f"Tell me the {name} of {{S}}.",
            f"Do you know the {name} of {{S}}?",
        )
        + ask,
        answer=f"The {name} of {{S}} {verb} {{V}}.",
        follow=(f"What {be} {{its}} {name}?", f"And what {be} {{its}} {name}?", f"And {{its}} {name}?"),
        check=check or f"{be.capitalize()} {{V}} the {name} of {{S}}?",
        back=(
            f"Which {{kind}} has the {name} {{V}}?",
            f"{{V}} is the {name} of which {{kind}}?",
            f"Of which {{kind}} is {{V}} the {name}?",
            f"Which {{kind}}'s {name} is {{V}}?",
            f"What is {{V}} the {name} of?",
        )
        if back
        else (),
        back_answer=f"{{V}} is the {name} of {{S}}." if back else "",
        value=value,
        **({"tail": tail} if tail is not None else {}),
    )


RELATIONS = (
    attribute(
        "capital",
        find=(
            r"[Tt]he (?:national |state )?capital(?: and (?:largest|biggest|most populous) city| city)? of {S} is (?:the city of )?{V}",
            r"[Tt]he (?:largest|biggest) city and (?:the )?capital of {S} is {V}",
            r"{S}['’]s (?:national |state )?capital(?: and (?:largest|biggest) city| city)? is (?:the city of )?{V}",
            r"{V} is (?:known as )?(?:the|both the) (?:national |state )?capital(?: city|,? and(?: also)?(?: the)? (?:largest|biggest|most populous) city)? of {S}",
            r"{V} is the (?:largest|biggest) city and (?:the )?capital of {S}",
            r"{S} (?:is|was) .*(?:whose capital|with its capital|and its capital|, capital)(?: city)? (?:is |at |in )?{V}",
            r"{S} has its capital (?:in|at) {V}",
            r"[Tt]he government of {S} sits in (?:its|the) capital,? {V}",
            r"[Tt]he (?:state |national )?capital, {V}, is .+ (?:of|in) {S}",
            r"[Tt]he city of {V} is the (?:national |state )?capital of {S}",
            r"[Tt]he capital city of {S} is called {V}",
            r"[Oo]n the map, {V} is marked as the capital of {S}",
        ),
        ask=("Which city is the capital of {S}?", "Which city is {S's} capital?", "Name the capital of {S}."),
    ),
    attribute(
        "currency",
        value="noun",
        back=False,
        find=(
            r"[Tt]he (?:official )?currency (?:used )?(?:of|in) {S} is (?:the )?{V}",
            r"[Tt]he money (?:used |of )?(?:in |of )?{S} is (?:called )?(?:the )?{V}",
            r"[Pp]eople in {S} pay with (?:the )?{V}",
            r"[Ii]n {S},? people pay with (?:the )?{V}",
            r"{S} uses (?:the )?{V} as (?:its|a) currency",
            r"{S}['’]s (?:official )?currency is (?:the )?{V}",
            r"[Tt]he {V} is the (?:official )?currency (?:of|in) {S}",
            r"[Tt]he {V} is used as money in {S}",
        ),
        ask=("Which currency is used in {S}?", "What currency does {S} use?", "What money do people use in {S}?"),
    ),
    attribute(
        "official language",
        back=False,
        find=(
            r"[Pp]eople in {S} (?:mostly |mainly )?speak {V}",
            r"[Ii]n {S},? (?:most )?people speak {V}",
            r"[Mm]ost people in {S} speak {V}",
            r"{S} has one official language, {V}",
            r"[Tt]he (?:only |main |national )?(?:official )?language (?:of|in|spoken in) {S} is {V}",
            r"{V} is the (?:main |only )?(?:official )?language (?:of|in) {S}",
            r"[Ii]n {S},? the official language is {V}",
            r"[Tt]he language of most people in {S} is {V}",
        ),
        ask=(
            "Which language is the official language of {S}?",
            "What is the official language in {S}?",
            "Which language do people speak in {S}?",
        ),
    ),
    attribute(
        "official languages",
        value="list",
        back=False,
        plural=True,
        find=(
            r"[Tt]he (?:main )?official languages (?:of|in) {S} are {V}",
            r"{S} has (?:two|three|four|five|several) official languages[:,] {V}",
            r"{V} are the official languages (?:of|in) {S}",
        ),
        ask=(
            "Which languages are the official languages of {S}?",
            "What are the official languages in {S}?",
            "Which languages do people speak in {S}?",
        ),
    ),
    Relation(
        "continent",
        (
            r"{S} (?:lies|is|is located|is situated) (?:on|in) the continent of {V}",
            r"{S} belongs to the continent of {V}",
            rf"{{S}} belongs to {CONTINENT}",
            r"{S} is part of the continent of {V}",
            rf"{{S}} (?:is|lies) in {CONTINENT}",
            r"[Tt]he continent of {S} is {V}",
            rf"{{S}} is one of the countries (?:of|in) {CONTINENT}",
        ),
        (
            "On which continent is {S}?",
            "Which continent is {S} on?",
            "On which continent does {S} lie?",
            "Which continent does {S} belong to?",
            "What continent is {S} on?",
            "To which continent does {S} belong?",
        ),
        "{S} is on the continent of {V}.",
        ("On which continent is {it}?", "Which continent is {it} on?", "And which continent does {it} belong to?"),
        "Is {S} on the continent of {V}?",
        tail="",
    ),
    attribute(
        "chemical symbol",
        find=(
            r"[Tt]he symbol (?:of|for) {S} is {V}",
            r"{S}['’]s symbol is {V}",
            r"{S} has the (?:chemical )?symbol {V}",
            r"{V} is the (?:chemical )?symbol (?:of|for) (?:the [a-z ]+ )?{S}",
            r"[Oo]ne of the [a-z ]+ is {S}, with the symbol {V}",
            r"{S} is (?:a|the) (?:chemical )?element with (?:the )?(?:chemical )?symbol {V}(?: and .+)?",
            r"{S} is .* with (?:the )?(?:chemical )?symbol {V}(?: and .+)?",
            r"{S} is .* whose (?:chemical )?symbol is {V}(?: and .+)?",
            r"[Tt]he symbol {V} stands for {S}",
            r"{S} is .* and (?:the )?symbol {V}",
            r"[Cc]hemists write {S} as {V}",
            r"[Tt]he (?:chemical )?symbol for {S} is {V}",
        ),
        ask=("What is the symbol for {S}?", "Which chemical symbol does {S} have?", "What is the symbol of {S}?"),
    ),
    attribute(
        "atomic number",
        value="number",
        find=(
            r"{S} has (?:the |an )?atomic number (?:of )?{V}",
            r"{S} is .* (?:with|and) (?:the |an )?atomic number (?:of )?{V}",
            r"{S} is .* whose atomic number is {V}",
            r"{S} is number {V} in the periodic table",
            r"[Tt]he number {V} is the atomic number of {S}",
            r"(?:[Aa]n|[Ee]ach|[Ee]very) atom of {S} has {V} protons(?: in its nucleus)?",
        ),
        ask=("Which atomic number does {S} have?", "What atomic number does {S} have?"),
    ),
    attribute(
        "population",
        value="number",
        back=False,
        find=(
            r"{S} has an? (?:estimated )?population of {V}",
            r"{S} has {V} (?:inhabitants|people)",
            rf"(?P<V>{NUMBER}) people live in {{S}}",
            r"[Tt]he population of {S} is {V}",
            r"{S} is home to {V} people",
        ),
        ask=(
            "How many people live in {S}?",
            "How many inhabitants does {S} have?",
            "How large is the population of {S}?",
        ),
    ),
    attribute(
        "area",
        value="number",
        back=False,
        find=(
            r"{S} (?:covers|has|occupies) (?:an |a total )?(?:area|total area|land area|surface) of {V}",
            rf"{{S}} covers (?P<V>{NUMBER} {UNITS})",
            r"{S} has a (?:surface|total) area of {V}",
        ),
        ask=("How large is {S}?", "How big is {S}?", "What area does {S} cover?"),
    ),
    attribute(
        "length",
        value="number",
        back=False,
        find=(
            rf"{{S}} is (?P<V>{NUMBER} {UNITS}) (?:long|in length)",
            r"{S} has a (?:total )?length of {V}",
            rf"{{S}} flows for (?P<V>{NUMBER} {UNITS})",
            rf"{{S}},? with a length of (?P<V>{NUMBER} {UNITS}),? is .+",
            rf"{{S}} is .* (?P<V>{NUMBER} {UNITS}) long",
        ),
        ask=("How long is {S}?", "What length does {S} have?", "How many kilometres long is {S}?"),
    ),
    attribute(
        "height",
        value="number",
        back=False,
        find=(
            rf"{{S}} (?:is|stands|rises) (?:to )?(?P<V>{NUMBER} {UNITS}) (?:high|tall|in height|above (?:the )?sea(?: level)?)",
            r"{S} (?:has|reaches) a height of {V}",
            rf"{{S}} rises to (?P<V>{NUMBER} {UNITS})",
            rf"{{S}}, .+, has a height of (?P<V>{NUMBER} {UNITS})",
            rf"[Ww]ith a height of (?P<V>{NUMBER} {UNITS}), {{S}} .+",
            rf"{{S}} is .* (?P<V>{NUMBER} {UNITS}) (?:high|tall)",
            r"[Tt]he (?:summit|top|peak) of {S} (?:is|lies|reaches) {V} above (?:the )?sea(?: level)?",
        ),
        ask=("Can you tell me how high {S} is?", "How high is {S}?", "How tall is {S}?"),
    ),
    attribute(
        "depth",
        value="number",
        back=False,
        find=(
            rf"{{S}} is (?:up to )?(?P<V>{NUMBER} {UNITS}) deep",
            r"{S} (?:has|reaches) a (?:maximum )?depth of {V}",
            r"[Tt]he (?:greatest|maximum) depth of {S} is {V}",
        ),
        ask=("How deep is {S}?",),
    ),
    attribute(
        "diameter",
        value="number",
        back=False,
        find=(
            rf"{{S}} is (?P<V>{NUMBER} {UNITS}) (?:across|wide|in diameter)",
            r"{S} has a diameter of {V}",
            r"{S} measures {V} across",
        ),
        ask=("How wide is {S}?", "How large is the diameter of {S}?"),
    ),
    Relation(
        "nickname",
        (
            r"[Pp]eople (?:often )?call {S} (?:the )?{V}",
            r"{S} is (?:often |also |sometimes |commonly |popularly )?(?:called|nicknamed) (?:the )?{V}",
            r"[Tt]he nickname of {S} is (?:the )?{V}",
            r"{S}['’]s nickname is (?:the )?{V}",
        ),
        (
            "What is the nickname of {S}?",
            "What is {S's} nickname?",
            "Which nickname does {S} have?",
            "What is {S} often called?",
            "What do people call {S}?",
        ),
        "{S} is called the {V}.",
        ("What is {its} nickname?", "And what do people call {it}?"),
        "Is {S} called the {V}?",
        ("Which {kind} is called the {V}?", "Which {kind} has the nickname {V}?", "What is called the {V}?"),
        "{S} is called the {V}.",
        value="quoted",
    ),
    Relation(
        "became a state",
        (
            r"{S} became a state(?: of the United States)? in {V}",
            r"{S} joined the United States in {V}",
            r"{S} has been a state of the United States since {V}",
            r"{S} was admitted to the Union in {V}",
        ),
        (
            "When did {S} become a state?",
            "In which year did {S} become a state?",
            "When did {S} join the United States?",
            "Since when has {S} been a state?",
            "What year did {S} become a state?",
        ),
        "{S} became a state in {V}.",
        ("When did {it} become a state?", "And when did {it} become a state?"),
        "Did {S} become a state in {V}?",
        value="date",
    ),
    Relation(
        "state of matter",
        (
            r"[Aa]t room temperature,? {S} is (?:a )?(?P<V>solid|liquid|gas)",
            r"{S} is (?:a )?(?P<V>solid|liquid|gas) at room temperature",
        ),
        (
            "In what state is {S} at room temperature?",
            "Is {S} a solid, a liquid or a gas at room temperature?",
            "What is the state of {S} at room temperature?",
            "What state of matter is {S} at room temperature?",
        ),
        "At room temperature {S} is a {V}.",
        ("In what state is {it} at room temperature?",),
        "Is {S} a {V} at room temperature?",
    ),
    Relation(
        "kind",
        (
            r"{S} is an? (?P<V>(?:[a-z\-]+ ){0,3}[a-z\-]+)(?:,.+| that .+| which .+)?",
            r"{S} belongs to (?:the (?:group|family) of )?the (?P<V>(?:[a-z\-]+ ){0,2}[a-z\-]+s)(?: and .+)?",
            r"[A-Z][a-z]+ count {S} among the (?P<V>(?:[a-z\-]+ ){0,2}[a-z\-]+s)",
        ),
        (
            "What kind of {kind} {is} {S}?",
            "What type of {kind} {is} {S}?",
            "Which kind of {kind} {is} {S}?",
            "What sort of {kind} {is} {S}?",
            "Which group of {kind}s {does} {S} belong to?",
            "To which group of {kind}s {does} {S} belong?",
        ),
        "{S} {is} {aV}.",
        ("What kind of {kind} {is} {it}?", "And what type of {kind} {is} {it}?"),
        tail="",
    ),
    Relation(
        "young",
        (
            r"[Aa]n? young {bare} is called an? {V}",
            r"[Tt]he young of (?:an? |the )?{bare} is (?:called )?an? {V}",
            r"[Pp]eople call a young {bare} an? {V}",
            r"[Aa]n? {V} is (?:the young of an? {bare}|a young {bare})".replace(
                "the young of an? {bare}|a young", "(?:the young of an?|a young)"
            ),
            r"[Tt]he name of a young {bare} is {V}",
            r"[Aa] baby {bare} is called an? {V}",
        ),
        (
            "What is a young {bare} called?",
            "What is the young of a {bare} called?",
            "What do people call a young {bare}?",
            "What is the name of a young {bare}?",
            "Can you tell me what a young {bare} is called?",
        ),
        "A young {bare} is called {aV}.",
        check="Is a young {bare} called {aV}?",
        value="word",
        tail="",
    ),
    Relation(
        "colour",
        (
            rf"{{S}} is (?:an? )?{COLOUR}(?: (?:gemstone|stone|metal))?",
            rf"[Tt]he colou?r of {{S}} is {COLOUR}",
            rf"{{S}}['’]s colou?r is {COLOUR}",
            rf"[Tt]he usual look of {{S}} is {COLOUR}",
            rf"{{S}} is an? [a-z]+ of {COLOUR} colou?r",
            rf"[Aa] {COLOUR} [a-z]+ is {{S}}",
            rf"{{S}} is .*{COLOUR} in colou?r",
        ),
        (
            "What colour is {S}?",
            "What is the colour of {S}?",
            "Which colour does {S} have?",
            "Can you tell me the colour of {S}?",
            "Do you know what colour {S} is?",
        ),
        "The colour of {S} is {V}.",
        ("What colour is {it}?", "And what colour is {it}?"),
        tail="(?: .+)?",
    ),
    Relation(
        "comes from",
        (
            r"{S} comes from {V}",
            r"{S} is (?:an? )?.* that comes from {V}",
            r"[Tt]he home of {S} is {V}",
            r"{S} was first grown in {V}",
            r"{S} is an? .* that people first knew in {V}",
        ),
        (
            "Where does {S} come from?",
            "Where did {S} first come from?",
            "What is the home of {S}?",
            "From where does {S} come?",
            "Do you know where {S} comes from?",
        ),
        "{S} comes from {V}.",
        ("Where does {it} come from?", "And where does {it} come from?"),
        value="place",
        tail="",
    ),
    Relation(
        "language family",
        (
            r"{S} is an? {V} language(?: that .+)?",
            r"{S} belongs to the {V} languages",
            r"[Tt]he {V} languages include {S}",
            r"{S} is one of the {V} languages",
        ),
        (
            "To which language family does {S} belong?",
            "What kind of language is {S}?",
            "Which group of languages does {S} belong to?",
            "Can you tell me the language family of {S}?",
            "Which family of languages does {S} belong to?",
            "To which group of languages does {S} belong?",
        ),
        "{S} is {aV} language.",
        ("To which language family does {it} belong?", "And what kind of language is {it}?"),
        tail="",
    ),
    Relation(
        "script",
        (
            r"{S} is written (?:with|in) the {V} (?:alphabet|script)",
            r"[Tt]he {V} (?:alphabet|script) is used to write {S}",
        ),
        (
            "Which alphabet is used to write {S}?",
            "What alphabet is {S} written with?",
            "Which script is used for {S}?",
            "With which alphabet is {S} written?",
        ),
        "{S} is written with the {V} alphabet.",
        ("Which alphabet is used to write {it}?", "And with which alphabet is {it} written?"),
        "Is {S} written with the {V} alphabet?",
    ),
    Relation(
        "players",
        (
            r"(?:[Aa]|[Ee]ach|[Ee]very) team (?:of|in) {S} (?:has|consists of) {V} players",
            r"[Ii]n {S},? a team (?:has|consists of) {V} players",
            r"[Aa] team has {V} players in {S}",
            r"[Tt]he number of players in a team of {S} is {V}",
            r"[Ii]n {S} there are {V} players in a team",
            r"{S} has {V} players in a team",
            r"{S} is .* by two teams of {V} players(?: each)?",
        ),
        (
            "How many players does a team of {S} have?",
            "How many players are in a team of {S}?",
            "How many players are there in a team in {S}?",
            "What is the number of players in a team of {S}?",
            "Of how many players does a team of {S} consist?",
        ),
        "A team of {S} has {V} players.",
        ("How many players does a team have in {it}?",),
        "Does a team of {S} have {V} players?",
        value="number",
        tail="",
    ),
    Relation(
        "largest city",
        (
            r"[Tt]he (?:largest|biggest) city (?:in|of) {S} is {V}",
            r"{V} is the (?:largest|biggest) city (?:in|of) {S}",
            r"[Tt]he (?:state |national )?capital, {V}, is the largest city (?:in|of) {S}",
            r"{V} is the (?:largest|biggest) city and (?:the )?capital of {S}",
        ),
        (
            "What is the largest city in {S}?",
            "Which city is the largest in {S}?",
            "What is {S's} largest city?",
            "What is the biggest city in {S}?",
            "Can you tell me the largest city in {S}?",
            "Name the largest city in {S}.",
        ),
        "The largest city in {S} is {V}.",
        ("What is {its} largest city?", "And what is {its} largest city?"),
        "Is {V} the largest city in {S}?",
        ("{V} is the largest city in which {kind}?", "In which {kind} is {V} the largest city?"),
        "{V} is the largest city in {S}.",
    ),
    Relation(
        "discovered when",
        (r"[Tt]he discovery of {S} was made in {V}", r"{S} was first found in {V}", r"{S} was discovered in {V}"),
        (
            "When was {S} discovered?",
            "In which year was {S} discovered?",
            "Can you tell me when {S} was discovered?",
            "What year was {S} discovered?",
            "In what year was {S} discovered?",
        ),
        "{S} was discovered in {V}.",
        ("When was {it} discovered?", "And when was {it} discovered?"),
        "Was {S} discovered in {V}?",
        value="date",
    ),
    Relation(
        "borders",
        (
            r"{S} (?:borders|shares borders with|shares its borders with|has borders with|is bordered by|shares a border with|borders on) {V}",
            r"{S} has (?:a border|common borders) with {V}",
            r"[Tt]he neighbou?rs of {S} are {V}",
            r"[Tt]he countries (?:that border|around) {S} are {V}",
            r"[Tt]he neighbou?ring countries of {S} are {V}",
            r"{S}['’]s neighbou?rs are {V}",
            r"(?:[Tt]he countries )?{V} (?:border|are neighbou?rs of) {S}",
            r"{V} borders {S}",
        ),
        (
            "Which countries border {S}?",
            "What are the neighbours of {S}?",
            "Which countries does {S} border?",
            "What does {S} border?",
            "Name the neighbours of {S}.",
            "What are the neighbouring countries of {S}?",
        ),
        "{S} borders {V}.",
        ("Which countries border {it}?", "And which countries does {it} border?", "What are {its} neighbours?"),
        value="list",
    ),
    Relation(
        "flows into",
        (
            r"{S} (?:flows|empties|drains|runs|discharges) into {V}",
            r"{S} .* (?:and|before it) (?:flows|empties|drains) into {V}",
            r"[Tt]he mouth of {S} is (?:in|on|at) {V}",
            r"{S} (?:ends|has its mouth) (?:in|at) {V}",
            r"[Tt]he water of {S} reaches {V}",
            r"[Aa]t its mouth, {S} meets {V}",
            r"(?:[Ff]rom \w+ )?{S} flows to {V}",
            r"{S} carries its water to {V}",
            r"{V} receives the water of {S}",
            r"{S} is one of the rivers that flow into {V}",
        ),
        (
            "Where does {S} flow into?",
            "What does {S} flow into?",
            "Into what does {S} flow?",
            "Where does {S} end?",
            "Which body of water does {S} flow into?",
        ),
        "{S} flows into {V}.",
        ("Where does {it} flow into?", "What does {it} flow into?", "And what does {it} flow into?"),
        "Does {S} flow into {V}?",
        of_kind="river stream",
    ),
    Relation(
        "flows through",
        (r"{S} (?:flows|runs|passes) through {V}", r"{S} crosses {V}"),
        (
            "What does {S} flow through?",
            "Which places does {S} flow through?",
            "Through what does {S} flow?",
            "Through which places does {S} flow?",
        ),
        "{S} flows through {V}.",
        ("What does {it} flow through?", "And which places does {it} flow through?"),
        value="list",
        of_kind="river stream",
    ),
    Relation(
        "rises in",
        (
            r"{S} (?:rises|begins|starts|has its source|originates) (?:in|at|on) {V}",
            r"[Tt]he source of {S} (?:is|lies) (?:in|at|on) {V}",
        ),
        (
            "Where does {S} rise?",
            "Where does {S} begin?",
            "Where is the source of {S}?",
            "In which place does {S} rise?",
        ),
        "{S} rises in {V}.",
        ("Where does {it} rise?", "And where does {it} begin?"),
        value="place",
        of_kind="river stream",
    ),
    Relation(
        "orbits",
        (
            r"{S} (?:orbits|circles|revolves around|moves around|travels around|goes around) {V}",
            r"{S} is (?:a|the (?:largest|only|second largest)) (?:natural )?(?:moon|satellite) of {V}",
            r"{S} is one of the (?:\w+ )?moons of {V}",
            r"[Oo]ne (?:of the )?moons? of {V} is {S}",
            r"{V} has the moon {S}",
            r"{S} is a moon (?:that (?:moves|goes) around|of) {V}",
        ),
        (
            "Which {vkind} does {S} orbit?",
            "Can you tell me which {vkind} {S} goes around?",
            "What does {S} orbit?",
            "Around what does {S} orbit?",
            "What does {S} go around?",
            "Which body does {S} orbit?",
        ),
        "{S} orbits {V}.",
        ("What does {it} orbit?", "And what does {it} orbit?"),
        "Does {S} orbit {V}?",
    ),
    Relation(
        "born in",
        (
            r"{S} was born (?:to [^,]+? )?(?:on .+? |in \d{4} )?(?:in|at) (?:the (?:\w+ )?(?:city|town|village) of )?{V}",
            r"[Tt]he (?:birthplace|place of birth) of {S} (?:is|was) {V}",
            r"{V} (?:is|was) the (?:birthplace|place of birth) of {S}",
            r"{V} is the place where {S} was born",
        ),
        (
            "Where was {S} born?",
            "In which place was {S} born?",
            "What is the birthplace of {S}?",
            "What is {S's} birthplace?",
            "Can you tell me where {S} was born?",
        ),
        "{S} was born in {V}.",
        ("Where was {it} born?", "And where was {it} born?"),
        "Was {S} born in {V}?",
        value="place",
        tail=rf"(?:,? (?:in|on|about|around) {DATE}|, [A-Z][\w ,]+)?",
        of_person=True,
    ),
    Relation(
        "born when",
        (
            r"{S} was born (?:to [^,]+? )?(?:(?:in|at) {P},? )?(?:on|in) {V}",
            r"{S} was born (?:to [^,]+? )?(?:on|in) {V} (?:in|at) .+",
        ),
        (
            "When was {S} born?",
            "In which year was {S} born?",
            "What year was {S} born in?",
            "Can you tell me when {S} was born?",
            "Do you know when {S} was born?",
        ),
        "{S} was born {in} {V}.",
        ("When was {it} born?", "And when was {it} born?"),
        "Was {S} born {in} {V}?",
        value="date",
        of_person=True,
    ),
    Relation(
        "died in",
        (r"{S} died (?:on .+? |in \d{4} )?(?:in|at) {V}",),
        ("Where did {S} die?", "In which place did {S} die?", "Can you tell me where {S} died?"),
        "{S} died in {V}.",
        ("Where did {it} die?", "And where did {it} die?"),
        "Did {S} die in {V}?",
        value="place",
        tail=rf"(?:,? (?:in|on) {DATE}|, [A-Z][\w ,]+)?",
        of_person=True,
    ),
    Relation(
        "died when",
        (
            r"{S} died (?:in {P} )?(?:on|in) {V}",
            r"{S} died (?:on|in) {V} (?:in|at) .+",
            r"[Tt]he year of death of {S} is {V}",
            r"{S} lived until {V}",
        ),
        (
            "When did {S} die?",
            "In which year did {S} die?",
            "What year did {S} die in?",
            "Can you tell me when {S} died?",
            "Do you know when {S} died?",
        ),
        "{S} died {in} {V}.",
        ("When did {it} die?", "And when did {it} die?"),
        "Did {S} die {in} {V}?",
        value="date",
        of_person=True,
    ),
    Relation(
        "known for",
        (
            r"{S} (?:is|was|are|were) (?:best |mainly |mostly |especially |widely |well )?known for {V}",
            r"{S} (?:is|was) (?:most )?famous for {V}",
        ),
        (
            "What {is} {S} known for?",
            "What {is} {S} famous for?",
            "For what {is} {S} known?",
            "Why {is} {S} well known?",
            "Can you tell me what {S} {is} known for?",
        ),
        "{S} {is} known for {V}.",
        ("What {is} {it} known for?", "And what {is} {it} known for?"),
        value="phrase",
        tail="",
    ),
    Relation(
        "located in",
        (
            r"{S} (?:lies|is located|is situated|is found|stands) in {V}",
            r"{S} is an? (?:[\w\-]+ ){0,4}(?:country|city|town|village|river|lake|mountain|island|state|"
            r"province|region|desert|volcano|building|museum|bridge|tower|university|castle|capital city|nation|kingdom|republic) in {V}",
            r"[Tt]he city of {S} (?:belongs to|lies in) {V}",
            r"{S} is one of the [a-z\-]+ (?:cities|towns|mountains|rivers|islands|lakes) (?:of|in) {V}",
        ),
        (
            "In which {vkind} is {S}?",
            "Which {vkind} is {S} in?",
            "To which {vkind} does {S} belong?",
            "Can you tell me the {vkind} of {S}?",
            "Can you tell me which {vkind} {S} is in?",
            "Where is {S}?",
            "Where is {S} located?",
            "In which part of the world is {S}?",
            "Where does {S} lie?",
            "Where can one find {S}?",
        ),
        "{S} is in {V}.",
        ("Where is {it}?", "And where is {it} located?"),
        value="place",
        tail=r"(?: and .+|, [^,]+)?",
    ),
    Relation(
        "part of",
        (
            r"{S} (?:is|are) (?:a )?part of {V}",
            r"{S} belongs? to {V}",
            r"[Aa]ll of {S} belongs to {V}",
            r"[Tt]he country to which {S} belongs? is {V}",
            r"{V} owns {S}",
            r"{S} stands in (?P<V>the [A-Z]\w+ (?:Mountains|Alps|Range))",
        ),
        (
            "What {is} {S} part of?",
            "Which {vkind} {does} {S} belong to?",
            "Can you tell me the {vkind} of {S}?",
            "Can you tell me which {vkind} {S} {is} part of?",
            "What {does} {S} belong to?",
            "Of what {is} {S} a part?",
            "To which {vkind} {does} {S} belong?",
        ),
        "{S} {is} part of {V}.",
        ("What {is} {it} part of?",),
        value="place",
        tail="",
    ),
)


@cache
def pattern_of(relation: Relation, template: str) -> re.Pattern:
    """A pattern over a whole clause. Compiled when first needed: all of them take a second."""
    pattern = (
        template.replace("{S}", SUBJECT).replace("{bare}", r"(?P<S>§|[A-Za-z][A-Za-z\- ]*?)").replace("{P}", PLACE)
    )
    return re.compile(pattern.replace("{V}", VALUES[relation.value]) + relation.tail)


def literal_of(template: str) -> str:
    """The longest stretch that every match of a pattern contains: looked for first, it spares most regex runs."""
    text, depth, flat = re.sub(r"\[[^\]]*\]|\\.", "\0", template), 0, ""
    for character in text:
        depth += character == "("
        flat += "\0" if depth else character
        depth -= character == ")"
    flat = re.sub(r".[?*+]|\{\w+\}|\.", "\0", flat)
    return max(flat.split("\0"), key=len)


PATTERNS = [(relation, literal_of(template), template) for relation in RELATIONS for template in relation.find]
