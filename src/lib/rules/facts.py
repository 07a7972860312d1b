"""What an article says, as facts: who or what it is about, and single statements with the questions they answer.

    subject, facts = read_article({"title": "France", "text": "France is a country in Western Europe. Its capital is Paris."})
    facts[1].ask[0], facts[1].answer   # What is the capital of France? The capital of France is Paris.

Two ways lead from a sentence to facts: the relations that are known by name (lib/relations.py), and general
rules of English: turning 'X was built in 1889' into 'When was X built?'. A sentence that neither understands, or that
leans on the sentence before it, gives nothing: no fact is better than a wrong one.
"""

import re
from dataclasses import dataclass, replace

from lib.rules.english import (DATE, HEDGE, MONTH, NAME, NUMBER, PARTICIPLE, PAST, PAST_OF_PARTICIPLE, SMALL, STOP_WORDS, THIRD, VERBS,
                         WORD, YEAR, capital, one_line, sentences, without_parentheses)
from lib.rules.relations import PATTERNS, Relation

MAX_ANSWER_WORDS = 36
PERSON_NOUNS = set("""actor actress activist admiral anthropologist architect artist astronaut astronomer athlete author bacteriologist
    biologist botanist boxer businessman businesswoman chemist composer conductor cosmonaut criminal cricketer cyclist dancer designer
    director dramatist economist educator emperor empress engineer essayist explorer feminist filmmaker footballer general geographer
    geologist golfer guitarist historian humanist illustrator inventor jockey journalist judge jurist king knight lawyer leader lexicographer
    linguist lyricist mathematician merchant missionary monarch monk musician naturalist navigator novelist nun nurse officer painter
    pharaoh philanthropist philologist philosopher photographer physician physicist physiologist pianist pilot pioneer player playwright poet
    politician pope president prince princess printmaker prophet psychiatrist psychologist publisher queen rapper reformer revolutionary
    ruler sailor saint scholar scientist sculptor seafarer singer singer-songwriter sociologist soldier songwriter statesman stateswoman
    sultan surgeon swimmer teacher theologian theorist translator traveller violinist virologist warrior woman man writer zoologist
    polymath bishop archbishop priest tsar nobleman noblewoman aviator comedian broadcaster presenter screenwriter producer
    critic editor bandleader drummer bassist wrestler skier skater runner sprinter gymnast baronet diplomat""".split())
NATURAL_KINDS = set("""element metal gas liquid solid mineral rock stone animal bird mammal fish reptile insect amphibian tree plant fruit vegetable
    flower herb grain cereal instrument disease bone organ sport game machine device colour color material substance compound acid vehicle
    tool food drink dish spice crop planet-type weapon fabric cat dog bear whale ape monkey rodent cattle spider mollusc shellfish bug beetle
    butterfly snake lizard frog toad turtle shark nut berry mushroom fungus grass alloy unit particle force process science branch field study
    quantity shape number language-family art craft dance currency""".split())
KINDS = NATURAL_KINDS | set("""country city town village river lake mountain island planet moon star galaxy constellation asteroid comet state
    province region desert ocean sea bay strait peninsula valley volcano glacier forest park county district municipality territory kingdom republic
    empire dynasty nation company university college school museum library building bridge tower castle palace cathedral church temple
    mosque monument fortress stadium theatre theater hospital airport railway station road canal dam tunnel port film movie novel book play
    poem story song album band orchestra painting sculpture opera symphony ballet musical series show magazine newspaper journal
    language alphabet script religion philosophy ideology war battle revolution treaty rebellion siege campaign election law constitution
    court government parliament party organization organisation agency institution foundation union bank airline team club league
    tournament competition championship award prize festival holiday custom tradition ceremony bird breed dog disorder syndrome
    infection drug medicine vaccine protein enzyme hormone vitamin gene cell tissue muscle nerve theory theorem law equation algorithm
    system technique method protocol format standard computer processor console spacecraft satellite telescope rocket aircraft airplane
    helicopter car ship submarine locomotive train engine gun rifle missile tank software website god goddess deity hero monster character
    virus bacterium dinosaur ape shell gemstone alloy polymer pigment dye fibre textile garment hat shoe beverage beer wine cheese bread sauce
    dessert soup cuisine fair market ocean waterfall cave reef archipelago""".split())
VAGUE = re.compile(r"\b(this|these|those|they|them|him|it|itself|such|former|latter|here|there|others?|another|following|above|below|"
                   r"aforementioned|too|instead|therefore|thus|hence|however|formula|respectively|otherwise|nevertheless|meanwhile|"
                   r"moreover|furthermore|consequently|likewise|similarly|we|us|our|my|you|your|one another|each other|that's|the same)\b",
                   re.IGNORECASE)
PRONOUN = re.compile(r"\b(he|she|his|her|hers|their|theirs|its)\b", re.IGNORECASE)
BROKEN = re.compile(r"[(){}\[\]<>|=*_#$\\]|\s[,;]|https?:|\bformula_|&\w+;|<\||\|>|§|¤")
# Where the main clause ends.
CUT = re.compile(r" (?:which|while|whereas|although|though|but|because|so that|when|where|unless|if|including|such as|causing|resulting|due to|thanks to)\b"
                 r"|, (?:like|since|before|after|until|as|so|hence|making|leading|with|who|whose|despite|especially|usually|often|even|rather|then|in order) "
                 r"|[;:–—]| - |,? (?:and|or) (?:also |then |later )?(?:its|his|her|their|it|he|she|they|is|was|are|were|has|had|have|whose)\b"
                 r"|, (?:and|or) (?:a|an|the)\b|, \w+ed\b")
PLACE_VERBS = set("""born found built invent hold locate live lie stand situate discover make produce bury die grow study play launch
    print publish meet serve work fight educate train crown open raise settle sign form create spend teach practise keep stage host use
    write paint compose perform erect grow begin rise happen occur marry set celebrate store display preserve mine sit bear find build""".split())
CREATION = {"discovered": "discoverer", "invented": "inventor", "written": "author", "composed": "composer", "painted": "painter",
            "founded": "founder", "designed": "designer", "directed": "director", "established": "founder", "built": "builder"}
WHAT_PREPOSITIONS = ("after", "for", "with", "of", "from", "to", "as", "into", "on", "by", "through", "against", "at", "in", "near", "around", "over")
MAKES = set("discover invent write compose found design paint direct publish win establish build".split())
BAD_ATTRIBUTES = set("""rest majority most part parts remainder bulk side use fact idea case problem question lot kind type sort form result
    purpose aim reason goal need lack presence absence existence study history nature role importance effect effects influence view
    concept notion theory end beginning number amount level degree way ways time point line area list example examples one ones first
    second third last next people name names term word words earliest latest early late other main north south east west centre center
    top bottom middle front back edge course outcome response change changes evidence members member story""".split())


@dataclass(frozen=True)
class Subject:
    title: str
    name: str             # as it stands in the middle of a sentence: the Danube, gold, a lion
    kind: str = ""        # what its definition calls it: country, chemical element, river
    person: bool = False
    pronoun: str = "it"   # it | he | she | they


@dataclass(frozen=True)
class Fact:
    relation: str                       # values of one relation may stand in for one another in a wrong guess
    subject: str                        # the name that the question contains
    value: str
    answer: str                         # a whole sentence
    ask: tuple[str, ...]                # wordings; each makes sense without the article
    follow: tuple[str, ...] = ()        # the same with a pronoun, after a turn that named the article's subject
    check: str = ""                     # a yes/no question with {V} where the value stands
    back: tuple[str, ...] = ()          # questions for the subject, given the value; fit only when no other subject has it
    back_answer: str = ""
    source: str = ""                    # the sentence it comes from


def paragraphs_of(text: str) -> list[str]:
    """The paragraphs of prose: no headings, no list items."""
    return [one_line(p) for p in text.split("\n") if p.strip() and not p.startswith(("#", "-", "*", "|"))]


def read_article(article: dict, kinds: dict[str, str] = {}) -> tuple[Subject, list[Fact]]:
    """-> (what it is about, its facts in reading order; the first is its definition, if it has a usable one)

    kinds: what other articles are about, {"france": "country"}, for "Which country ...?" about another subject.
    """
    paragraphs = paragraphs_of(article["text"])
    subject, definition = read_subject(article["title"], paragraphs)
    facts = [definition] if definition else []
    facts += life_dates(subject, paragraphs)
    mention = mentions(subject)
    for number, paragraph in enumerate(paragraphs):
        about = number == 0  # does the sentence before have the article's subject as its own?
        for sentence in sentences(paragraph):
            clauses, about = clauses_of(sentence, subject, mention, about)
            for clause in clauses:
                facts += facts_of(clause, subject, sentence, kinds)
    seen, unique = set(), []
    for fact in facts:
        key = (fact.relation, fact.subject.lower(), fact.value.lower())
        if key not in seen and fit(fact):
            seen.add(key)
            unique.append(fact)
    return subject, unique


# --- who or what the article is about ---

def read_subject(title: str, paragraphs: list[str]) -> tuple[Subject, Fact | None]:
    core = re.sub(r"\s*\([^()]*\)$", "", title)
    qualifier = title[len(core):].strip(" ()").lower()
    text = " ".join(paragraphs)
    first = sentences(paragraphs[0])[0] if paragraphs else ""
    lead = without_parentheses(first).rstrip(".")
    match = re.match(r"(?P<det>The |A |An )?(?P<np>[^,]{1,80}?)(?:, [^,]+(?:, [^,]+)*?,)?,? (?P<be>is|was|are|were) (?P<rest>(?:the|a|an|one of|any|either)\b.+)$", lead)
    core_last = re.sub(r"(?:es|s)$", "", core.split()[-1].lower()) if core.split() else core.lower()
    about = match and core_last in match["np"].lower()
    rest = match["rest"] if about else ""
    kind = head_noun(rest)
    person = is_person(kind, first, text)
    common = is_common_noun(core, text, kind, person, qualifier)
    name = core[:1].lower() + core[1:] if common else core
    plural = bool(about and match["be"] in ("are", "were") and match["np"].lower() != core.lower())
    if about and plural and common:
        name = match["np"][:1].lower() + match["np"][1:]
    elif about and match["det"] and not person and core.lower() == match["np"].lower():
        name = ("the " if match["det"] == "The " or not common else match["det"].lower()) + name
    elif not person and not common and takes_the(core, text):
        name = "the " + core  # the Netherlands, whose article may not begin with it
    of_kind = re.match(rf"(The [a-z]+ of {re.escape(core)})\b", lead)
    if qualifier and of_kind:
        name = "t" + of_kind[1][1:]  # the state of Georgia
    elif qualifier in NATURAL_KINDS | {"planet", "state", "city", "country", "moon", "film", "novel", "book", "river", "god", "mythology"} and qualifier != "mythology":
        name = f"the {qualifier} {name.removeprefix('the ')}"
    pronoun = "it"
    if person:
        pronoun = "she" if len(re.findall(r"\b(?:She|she|her)\b", text)) > len(re.findall(r"\b(?:He|he|his)\b", text)) else "he"
    elif about and match["be"] in ("are", "were"):
        pronoun = "they"
    subject = Subject(title, name, kind, person, pronoun)
    return subject, definition_fact(subject, match["be"], rest) if about else None


def takes_the(core: str, text: str) -> bool:
    """Whether a name mostly has 'the' before it within sentences, and not as part of 'the Brunei dollar'."""
    bare = re.findall(rf"[a-z,] (?<!the ){re.escape(core)}\b(?! [A-Z])", text)
    the = re.findall(rf"[a-z,] the {re.escape(core)}(?=[.,;]| (?:is|was|are|were|has|had|in|on|and|at|to|from|by|with)\b)", text)
    return len(the) > len([b for b in bare])


def head_noun(definition: str) -> str:
    """'a small landlocked country in Africa' -> 'country'; 'a species of bird' -> 'bird'"""
    text = re.sub(r"^(?:the|an?|any|either|one of the|one of)\s+", "", definition)
    while True:
        shorter = re.sub(r"^(?:[\w\-]+ ){0,3}?(?:species|type|kind|form|sort|genus|family|group|class|breed|member|variety)s? of (?:the |a |an )?", "", text)
        if shorter == text:
            break
        text = shorter
    chunk = re.split(r";| (?:in|of|on|that|which|who|whose|with|from|for|by|to|at|and|or|near|between|as|used|known|made|located|situated|"
                     r"found|born|based|about|than|where|when|consisting|belonging|is|was|are|were|under|during|it|made|played|spoken|called|written|produced|featuring|directed|also)\b", text)[0].strip(" ,")
    nouns = [w.strip(",") for w in chunk.split()]
    noun = next((w for w in nouns if w in PERSON_NOUNS), "") or next((w for w in reversed(nouns) if w in KINDS | {"capital", "cities", "countries", "states"}), "")
    if definition.startswith(("one of the", "any of the")):
        noun = next((w for w in (re.sub(r"ies$", "y", nouns[-1]), nouns[-1].removesuffix("s"), noun) if w in KINDS | PERSON_NOUNS), "") if nouns else ""
    return "city" if noun == "capital" else noun


def is_person(kind: str, lead: str, text: str) -> bool:
    singular = kind.rstrip("s") if kind not in PERSON_NOUNS else kind
    if singular in PERSON_NOUNS:
        return True
    dates = re.match(rf"[^()]{{3,60}}\((?:[^()]*?;? ?)(?:born {DATE}|{DATE}(?: in [^()–-]*)? ?[–-] ?(?:{DATE}|c\. \d+))", lead)
    personal = len(re.findall(r"\b[Hh]e\b|\b[Ss]he\b|\b[Hh]is\b", text))
    return bool(dates) and personal >= 2


def is_common_noun(core: str, text: str, kind: str, person: bool, qualifier: str) -> bool:
    """Whether running text writes the title small: gold, lion, water cycle; not France."""
    if person or not core[:1].isupper() or (len(core) > 1 and core[1].isupper()) or re.search(r" [A-Z]", core):
        return False
    small = len(re.findall(rf"(?<![\w\-]){re.escape(core[:1].lower() + core[1:])}", text))
    large = len(re.findall(rf"(?<=[a-z,] ){re.escape(core)}\b(?! [A-Z])", text))
    if small + large == 0:
        return kind in NATURAL_KINDS or qualifier in NATURAL_KINDS
    return small > large


def mentions(subject: Subject) -> re.Pattern:
    """Matches where a sentence names the subject, its whole name and not a part of a longer one."""
    core = re.sub(r"\s*\([^()]*\)$", "", subject.title)
    bare = re.sub(r"^(?:the|a|an) ", "", subject.name)
    forms = {bare, capital(bare), core} | ({core[:1].lower() + core[1:]} if bare[:1].islower() else set())
    if subject.person and len(core.split()) > 1 and not re.search(r"\d|\b(?:of|the|[IVX]+)\b", core):
        forms |= {core.split()[-1]}
    names = "|".join(re.escape(f) for f in sorted(forms, key=lambda f: (-len(f), f)))
    if subject.person and len(core.split()) > 1:  # with second names: Andre Kirk Agassi
        first, last = core.split()[0], core.split()[-1]
        names = rf"{re.escape(first)}(?:[ -][A-Z][\w.’'\-]*)* {re.escape(last)}|{names}"
    articles = r"(?:[Tt]he )?" if subject.name.startswith("the ") else r"(?:(?:[Aa]n?|[Tt]he) )?" if subject.name.startswith(("a ", "an ")) else ""
    return re.compile(rf"(?<![\w\-’'])(?P<before>{articles})(?:{names})(?![\w\-])(?!['’]s [A-Z])")


def definition_fact(subject: Subject, be: str, rest: str) -> Fact | None:
    rest = re.split(r" and (?:it |he |she )?(?=(?:%s) )" % "|".join(THIRD), main_clause(rest))[0].strip(" ,")
    rest = shorten(rest, 28)
    if not rest or BROKEN.search(rest) or VAGUE.search(rest) or PRONOUN.search(rest) or len(rest.split()) < 2:
        return None
    if rest.split()[-1].lower() in STOP_WORDS or rest.split()[-1] in ("first", "largest"):
        return None
    name, who = subject.name, "Who" if subject.person else "What"
    ask = [f"{who} {be} {name}?", f"Can you tell me {who.lower()} {name} {be}?", f"Do you know {who.lower()} {name} {be}?",
           f"Please explain {who.lower()} {name} {be}.", f"I would like to know {who.lower()} {name} {be}."]
    kind = f"What kind of thing {be} {name}?" if not subject.person else f"What do you know about {name}?"
    it = {"it": "it", "they": "they"}.get(subject.pronoun, subject.pronoun)
    return Fact("definition", name, rest, f"{capital(name)} {be} {rest}.", tuple(ask + [kind]), source=rest,
                follow=() if it else ())


def life_dates(subject: Subject, paragraphs: list[str]) -> list[Fact]:
    """Born and died, from the bracket of the first sentence: Albert Einstein (14 March 1879 – 18 April 1955)."""
    if not subject.person or not paragraphs:
        return []
    lead = sentences(paragraphs[0])[0]
    exact = rf"(?:\d{{1,2}} {MONTH} \d{{4}}|{MONTH} \d{{1,2}}, \d{{4}}|\d{{4}})"
    both = re.search(rf"\((?:[^()]*?[;,] )?(?:born )?(?P<born>{exact})(?: in [^()–]*?)? ?[–-] ?(?P<died>{exact})(?: in [^()]*)?\)", lead)
    born = both or re.search(rf"\((?:[^()]*?[;,] )?born (?P<born>{exact})\)", lead)
    facts = []
    for name, value in (("born when", born and born["born"]), ("died when", both and both["died"])):
        if value:
            relation = next(r for r, _ in PATTERNS if r.name == name)
            facts += relation_fact(relation, subject.name, value, subject, lead, {})
    return facts


# --- from a sentence to clauses that stand alone ---

def clauses_of(sentence: str, subject: Subject, mention: re.Pattern, about: bool) -> tuple[list[str], bool]:
    """-> (clauses with § for the subject, whether the sentence is about the article's subject)

    about: whether the sentence before was; only then does a pronoun at the beginning mean the subject.
    """
    if not sentence.endswith((".", ".\"", ".”")) or len(sentence) > 500:
        return [], False
    text = without_parentheses(sentence).rstrip("\"”").rstrip(".")
    if BROKEN.search(text) or text.count('"') % 2:
        return [], bool(mention.match(text))
    text = re.sub(r"\b(is|was|are|were|has|had|have|can|could) (?:also|still|now|thus|however|,)\b ?", r"\1 ", text)
    text = re.sub(rf"^(?P<when>(?:In|On|Since|From|Until|By|At) (?:the year )?{DATE}(?: (?:to|until) {DATE})?),? (?P<main>.+)$",
                  lambda m: f"{m['main']} {m['when'][:1].lower()}{m['when'][1:]}", text)
    text = mark_subject(text, subject, mention)
    pronoun = re.match(r"(?:also )?(It|He|She|They|Its|His|Her|Their|The (?:%s))\b(?! that\b)" % (re.escape(subject.kind) or "§"), text)
    if pronoun:
        if not about or not agrees(pronoun[1], subject) or expletive(text):
            return [], False
        owner = pronoun[1] in ("Its", "His", "Her", "Their")
        text = ("§'s" if owner else "§") + text[pronoun.end():]
    now_about = text.startswith("§") or bool(re.match(r"(?:The|A|An) [\w\- ]{1,40}? of §", text))
    if not text.startswith(("§", "The ", "A ", "An ", "One ")) and not re.match(NAME, text) and not re.match(rf"{HEDGE}?\d", text, re.I):
        now_about = False
    pieces = [piece for clause in split_clauses(text) for piece in open_up(clause)]
    return [c if alone(c, subject) else main_clause(c) for c in pieces if alone(c, subject) or alone(main_clause(c), subject)], now_about


def open_up(clause: str) -> list[str]:
    """'§, a city on the Seine, is ...' and 'Paris, which lies on the Seine, is ...' say two things each."""
    match = re.fullmatch(rf"(?P<np>§|{NAME}), (?P<mid>which [^,]+|an? [^,]+|the [^,]+), (?P<rest>(?:is|was|are|were|has|had|[a-z]+s|[a-z]+ed) .+)", clause)
    if match:
        mid = match["mid"].removeprefix("which ") if match["mid"].startswith("which ") else f"is {match['mid']}"
        return [f"{match['np']} {match['rest']}", f"{match['np']} {mid}"]
    match = re.fullmatch(rf"(?P<main>.+ (?P<np>{NAME})), which (?P<tail>(?:lies|stands|flows|is located) [^,]+)", clause)
    return [match["main"], f"{match['np']} {match['tail']}"] if match else [clause]


def mark_subject(text: str, subject: Subject, mention: re.Pattern) -> str:
    def mark(match: re.Match) -> str:
        before, after = text[:match.start()].rstrip(), text[match.end():]
        previous = before.split()[-1] if before.split() else ""
        follows = re.match(r" (?:of the )?[A-ZÀ-Þ]\w", after)
        proper = not subject.name.split()[-1].islower()
        part_of_name = (previous[:1].isupper() and previous.lower() not in STOP_WORDS and not previous.endswith((",", ".", ";", ":"))
                        and not match["before"]) or (follows and proper)
        return match.group(0) if part_of_name else "§"
    return mention.sub(mark, text)


def agrees(word: str, subject: Subject) -> bool:
    kinds = {"it": ("It", "Its"), "he": ("He", "His"), "she": ("She", "Her"), "they": ("They", "Their")}
    return word in kinds[subject.pronoun] or word.startswith("The ")


def expletive(text: str) -> bool:
    """'It is known that ...', 'It was not until ...': an It that means nothing."""
    return bool(re.match(r"It (?:is|was|has been|had been|may|can|could|seems|appears|took|takes|would|will)\b(?: \S+){0,4}? (?:that|to|until|who|whether|how|for)\b", text)
                or re.match(r"It (?:is|was) (?:in|on|at|during|not|only|here|there|because|said|thought|believed|possible|likely|raining)\b", text))


def split_clauses(text: str) -> list[str]:
    """'§ was born in Ulm and died in Princeton' -> two clauses; so are those joined by 'and its', '; '."""
    parts = [text]
    if text.startswith("§"):
        parts = re.split(r"; |,? and (?:also )?(?=(?:its|his|her|their) [\w\- ]+ (?:is|was|are|were)\b)|,? and (?=(?:it|he|she|they) )|,? (?:and|but) (?:also |then |later )?(?=[a-z]+(?:s|ed)? )", text)
        joined = [parts[0]]
        for part in parts[1:]:
            first = part.split(" ")[0]
            if first in ("its", "his", "her", "their"):
                joined.append("§'s" + part[len(first):])
            elif first in ("it", "he", "she", "they"):
                joined.append("§" + part[len(first):])
            elif first in ("is", "was", "are", "were", "has", "had") or ((first in THIRD or first in PAST) and finite_before(joined[-1], first)):
                joined.append("§ " + part)
            else:  # the 'and' joined nouns: put the sentence together again
                at = text.find(part, 0)
                joined[-1] = joined[-1] + text[len_before(text, joined[-1], part):at] + part if at > 0 else joined[-1]
        parts = joined
    else:
        parts = re.split(r"; ", text)
    return [p.strip(" ,") for p in parts]


def len_before(text: str, left: str, right: str) -> int:
    """Where the glue between two neighbouring pieces of the text begins."""
    at = text.find(right)
    tail = left[-12:]
    return text.rfind(tail, 0, at) + len(tail)


def finite_before(clause: str, verb: str) -> bool:
    """Two predicates of one tense: 'rises in ... and flows into', not 'the towns named and places'."""
    match = re.match(r"§ (?:(?:first|later|then|soon|also|often|usually) )?([a-z]+)", clause)
    return bool(match) and (match[1] in ("is", "was", "are", "were", "has", "had") or (match[1] in THIRD) == (verb in THIRD))


def alone(clause: str, subject: Subject) -> bool:
    """Whether a clause makes sense by itself."""
    clause = re.sub(r"\bmore (\w+ )?than any other\b", "", clause)
    if not 3 <= len(clause.split()) <= 45 or VAGUE.search(clause):
        return False
    pronouns = {p.lower() for p in PRONOUN.findall(clause)}
    own = {"it": {"its"}, "he": {"his"}, "she": {"her"}, "they": {"their"}}[subject.pronoun]
    return not pronouns or (pronouns <= own and clause.startswith("§"))


# --- from a clause to facts ---

def facts_of(clause: str, subject: Subject, source: str, kinds: dict[str, str]) -> list[Fact]:
    """The facts of known relations that the clause states, else those that general rules find."""
    found, known, main = [], set(), main_clause(clause)
    for relation, pattern in PATTERNS:
        if relation.name in known:
            continue
        match = pattern.fullmatch(clause) or (pattern.fullmatch(main) if main != clause else None)
        if match:
            made = relation_fact(relation, named(match["S"], subject), match["V"], subject, source, kinds)
            found += made
            known |= {relation.name} if made else set()
    general = general_facts(main, subject, source, kinds) if len(main.split()) >= 3 else []
    if found:  # of the rest only what asks for something else than the value
        general = [f for f in general if f.relation.startswith(("when", "number of", "until")) and not re.search(DATE, found[0].value)]
    return found + general


def main_clause(clause: str) -> str:
    return CUT.split(clause, maxsplit=1)[0].strip(" ,")


def named(text: str, subject: Subject) -> str:
    return subject.name if text == "§" else text.replace("§", subject.name)


def relation_fact(relation: Relation, name: str, value: str, subject: Subject, source: str, kinds: dict[str, str]) -> list[Fact]:
    """The fact of a known relation, all its wordings filled in; [] when the value is none."""
    value = value.strip(" ,").replace("§", subject.name)
    value = re.sub(r"^The (?=\S)", "the ", value)
    if relation.value == "number":
        value = value[:1].lower() + value[1:]
    if relation.value == "thing" and value.startswith("the "):
        value = value[4:]
    if name.startswith("The "):
        name = "t" + name[1:]
    if relation.name == "kind":
        value = value[:-1] if value.endswith("s") and "belongs to" in source else value
        if name != subject.name or not subject.kind or value.split()[-1] in (subject.kind, "part", "member", "number", "group", "result", "name") \
                or set(value.split()) & STOP_WORDS:
            return []
    value = with_article(value, relation)
    if bad_value(value, relation) or name.lower() == value.lower() or re.match(rf"(?:{MONTH}|\d)", name):
        return []
    own = name == subject.name
    person = subject.person if own else relation.name in ("born in", "born when", "died in", "died when")
    plural = own and subject.pronoun == "they"
    pronoun = subject.pronoun if own else "he" if person else "it"
    fill = {"S": name, "S's": possessive(name), "V": value, "kind": subject.kind if own else kinds.get(name.lower(), ""), "vkind": kinds.get(value.lower(), ""), "aV": a(value),
            "it": pronoun, "its": {"it": "its", "he": "his", "she": "her", "they": "their"}[pronoun],
            "is": "are" if plural else "was" if person and re.search(rf"\b{re.escape('was')}\b", source) else "is",
            "was": "were" if plural else "was", "does": "do" if plural else "does", "has": "have" if plural else "has",
            "in": "in" if re.fullmatch(rf"(?:{MONTH} )?{YEAR}", value) else "on"}
    def say(templates) -> tuple[str, ...]:
        return tuple(render(t, fill) for t in templates if ("{kind}" not in t or fill["kind"]) and ("{vkind}" not in t or fill["vkind"]))
    back = say(relation.back)
    return [Fact(relation.name, name, value, render(relation.answer, fill), say(relation.ask), say(relation.follow) if own else (),
                 render(relation.check, fill | {"V": "{V}"}) if relation.check else "", back, render(relation.back_answer, fill) if back else "", source)]


def render(template: str, fill: dict[str, str]) -> str:
    return capital(re.sub(r"\{([\w']+)\}", lambda m: fill[m[1]], template))


def with_article(value: str, relation: Relation) -> str:
    """'the euro', 'the Albanian lek'; other values stand as they are."""
    return f"the {value}" if relation.name == "currency" else value


def a(noun: str) -> str:
    return f"{'an' if noun[:1].lower() in 'aeiou' and not noun.lower().startswith(('eu', 'uni', 'one', 'use')) else 'a'} {noun}"


def possessive(name: str) -> str:
    return name + ("'" if name.endswith("s") else "'s")


def bad_value(value: str, relation: Relation) -> bool:
    last = value.split()[-1].lower() if value.split() else ""
    return (not value or len(value.split()) > 14 or last in STOP_WORDS or bool(VAGUE.search(value)) or bool(PRONOUN.search(value) and relation.value != "phrase")
            or (relation.value == "thing" and len(value.split()) > 4) or BROKEN.search(value) is not None)


# A noun phrase that can be the subject of a question: §, a name, or 'the flag of §'.
PHRASE_HEAD = r"(?:[\w\-’']+ ){0,4}?[\w\-’']+"
NP = rf"(?:§(?:['’]s? [a-z][\w\-]*(?: [a-z][\w\-]*)?)?|(?:[Tt]he|[Aa]n?) (?:(?!of\b|in\b|that\b|who\b)[\w\-’']+ ){{1,4}}(?:of|in|from|on) (?:the (?=[A-Z]))?(?:§|{NAME})|{NAME}(?: (?:in|of|on) (?:§|{NAME}))?|(?:[Tt]he|[Aa]n?) (?:[a-z\-]+ ){{0,2}}(?:{NAME})(?: [a-z]+)?)"
BE = r"(?P<be>is|was|are|were|has been|have been|had been)"
ADVERB = r"(?P<adv>(?:not |often |sometimes |usually |mainly |mostly |first |formerly |once |officially |commonly |generally |originally |probably |later |largely |entirely |completely |closely |best |well |especially |traditionally |widely |partly |nearly |almost )*)"
WHEN = rf"(?P<when>(?:in|on|since|until|by|around|about) (?:the year |about |around |early |late |the early |the late |the )?{DATE}|from {DATE} (?:to|until) {DATE}|between {DATE} and {DATE})"
BE_CLAUSE = re.compile(rf"(?P<np>{NP}) {BE} {ADVERB}(?P<rest>.+)")
VERB_CLAUSE = re.compile(rf"(?P<np>{NP}) (?P<verb>[a-z]+) (?P<rest>.+)")
HAS_COUNT = re.compile(rf"(?P<np>{NP}) (?P<verb>[a-z]+)(?P<prep> of| for)? (?P<n>{NUMBER}) (?P<noun>(?:[a-z\-]+ )?[a-z\-]+s)(?P<rest>(?: (?:in|on|of|around|that|with|at|from|along)\b.*)?)")
ATTRIBUTE = re.compile(rf"[Tt]he (?P<attr>(?:[a-z][\w\-]* ){{0,3}}[a-z][\w\-]*) (?P<prep>of|in|for) (?P<of>§|{NAME}|the (?:world|universe|solar system|Solar System)) (?P<be>is|was|are|were) (?P<value>.+)")
ATTRIBUTE_BACK = re.compile(rf"(?P<value>§|{NAME}|The [a-z]+) (?P<be>is|was) the (?P<attr>(?:[a-z][\w\-]* ){{0,3}}[a-z][\w\-]*) (?P<prep>of|in) (?P<of>§|{NAME}|the (?:world|universe|solar system|Solar System))")


def general_facts(clause: str, subject: Subject, source: str, kinds: dict[str, str]) -> list[Fact]:
    """Facts by rules of English alone. The answer is always the clause itself."""
    match = re.match(NP + r"(?= (?:is|was|are|were|[a-z]+)\b)", clause)
    if not match or not stands_alone(match.group(0), kinds) or ("both " in clause) != bool(re.search(r"both .* and ", clause)):
        return []
    for rule in (creation_facts, attribute_facts, count_facts, be_facts, verb_facts):
        facts = rule(clause, subject, source)
        if facts:
            return facts
    return []


def stands_alone(np: str, kinds: dict[str, str]) -> bool:
    """Whether a noun phrase says by itself what it means: the subject, a known title, a name of two words; not 'Snelling', 'The city'."""
    if "§" in np:
        return True
    name = re.search(NAME, np[4:] if np.startswith("The ") else np)
    if not name:
        return False
    bare = name.group(0).removeprefix("the ")
    return bare.lower() in kinds or "the " + bare.lower() in kinds or len(re.findall(WORD, bare)) > 1


def attribute_facts(clause: str, subject: Subject, source: str) -> list[Fact]:
    """'The highest mountain in Japan is Mount Fuji', 'The Rhine is the longest river in Germany'."""
    match = ATTRIBUTE.fullmatch(clause) or ATTRIBUTE_BACK.fullmatch(clause)
    if not match:
        return []
    attr, of, value = match["attr"], named(match["of"], subject), match["value"].replace("§", subject.name)
    last = attr.split()[-1]
    value = re.sub(rf"^(?P<v>(?:the )?{NAME}) (?:in|at|on|near|with) .+", r"\g<v>", value)
    value_ok = re.fullmatch(rf"(?:[Tt]he |called |about )?{NAME}|§|[Tt]he [a-z\-]+(?: [a-z\-]+)?|an? (?:[a-z\-]+ )?[a-z\-]+|{NUMBER}(?: [a-z\-]+){{0,2}}|{NAME}(?:, {NAME})*,? and {NAME}|\"[^\"]+\"|the \"[^\"]+\"", value)
    if (last in BAD_ATTRIBUTES or attr.split()[0] in BAD_ATTRIBUTES or not value_ok or set(attr.split()) & (STOP_WORDS - {"most"})
            or bad_words(clause) or len(value.split()) > 8 or last in PARTICIPLE or value.lower() == of.lower()):
        return []
    value = value.removeprefix("called ")
    value = "t" + value[1:] if value.startswith("The ") else value
    be, prep, answer = match["be"], match["prep"], finish(clause, subject)
    who = "Who" if last.rstrip("s") in PERSON_NOUNS or last in PERSON_NOUNS else "What"
    if last.endswith("s") and not last.endswith("ss") and be in ("is", "was"):
        return []
    of_it = f"{possessive_pronoun(subject)} {attr}" if match["of"] == "§" and prep == "of" else ""
    ask = [f"{who} {be} the {attr} {prep} {of}?", f"Can you tell me {who.lower()} the {attr} {prep} {of} {be}?",
           f"Do you know {who.lower()} the {attr} {prep} {of} {be}?", f"Name the {attr} {prep} {of}.",
           f"Which {last} {be} the {' '.join(attr.split()[:-1])} {prep} {of}?" if superlative(attr) else f"Tell me {who.lower()} the {attr} {prep} {of} {be}."]
    if prep == "of" and match["of"] == "§" and of[:1].isupper():
        ask.append(f"{who} {be} {possessive(of)} {attr}?")
    check = f"{capital(be)} {{V}} the {attr} {prep} {of}?"
    return [Fact(f"{attr} {prep}", of, value, answer, tuple(ask), (f"{who} {be} {of_it}?", f"And {who.lower()} {be} {of_it}?") if of_it else (), check, source=source)]


def superlative(attr: str) -> bool:
    first = attr.split()[0]
    return len(attr.split()) > 1 and first.endswith("est") and attr.split()[-1].isalpha()


def count_facts(clause: str, subject: Subject, source: str) -> list[Fact]:
    """'Finland has more than 100,000 lakes' -> How many lakes does Finland have?"""
    match = HAS_COUNT.fullmatch(clause)
    if not match or bad_words(clause):
        return []
    verb, prep, np = match["verb"], match["prep"] or "", named(match["np"], subject)
    base = "have" if verb in ("has", "have", "had") else THIRD.get(verb) or PAST.get(verb) or (verb if verb in VERBS else "")
    if not base or match["noun"].split()[-1] in ("times", "years", "days", "months", "weeks", "hours", "ways", "ones", "kilometres", "metres", "miles"):
        return []
    do = "did" if verb in PAST or verb == "had" else "do" if verb in VERBS or verb == "have" else "does"
    np = lower_start(np, match["np"])
    what = f"how many {match['noun']}"
    rest = tidy_rest(match["rest"])
    ask = (f"How many {match['noun']} {do} {np} {base}{prep}?", f"Can you tell me {what} {np} {verb}{prep}?", f"Do you know {what} {np} {verb}{prep}?",
           f"What number of {match['noun']} {do} {np} {base}{prep}?")
    follow = (f"How many {match['noun']} {do} {subject.pronoun} {base}{prep}?",) if match["np"] == "§" else ()
    return [Fact(f"number of {match['noun']}", np, match["n"], finish(clause, subject), ask, follow, source=source)]


def creation_facts(clause: str, subject: Subject, source: str) -> list[Fact]:
    """'§ was discovered by Marie Curie in 1898', 'Marie Curie discovered § in 1898': by whom, and when."""
    passive = re.fullmatch(rf"(?P<np>{NP}) (?P<be>is|was|were) (?:first |originally )?(?P<verb>{'|'.join(CREATION)}) by (?P<who>(?:the )?(?:[a-z]+ ){{0,3}}?{NAME}(?:,? and {NAME})?)(?: {WHEN})?(?: (?:in|at|of|for|from) .+)?", clause)
    active = re.fullmatch(rf"(?P<who>(?:[Tt]he (?:[a-z]+ ){{0,3}}?)?{NAME}(?:,? and {NAME})?) (?P<past>{'|'.join(PAST_OF_PARTICIPLE[v] for v in CREATION)}) (?P<np>§|(?:the )?(?:[a-z]+ )?{NAME})(?: {WHEN})?", clause)
    match = passive or active
    if not match or (passive and re.match(MONTH, match["who"])):
        return []
    verb = passive["verb"] if passive else next(v for v in CREATION if PAST_OF_PARTICIPLE[v] == active["past"])
    past, agent, be = PAST_OF_PARTICIPLE[verb], CREATION[verb], passive["be"] if passive else "was"
    np, who = lower_start(named(match["np"], subject), match["np"]), named(match["who"], subject)
    who = "t" + who[1:] if who.startswith("The ") else who
    own, them = match["np"] == "§", "them" if subject.pronoun == "they" else subject.pronoun
    it, base = subject.pronoun, PARTICIPLE[verb]
    ask = (f"Who {past} {np}?", f"Can you tell me who {past} {np}?", f"Do you know who {past} {np}?", f"By whom {be} {np} {verb}?",
           f"Who {be} the {agent} of {np}?", f"Tell me who {past} {np}.")
    facts = [Fact(f"{verb} by", np, who, capital(f"{np} {be} {verb} by {who}."), ask, (f"Who {past} {them}?", f"And who {past} {them}?") if own and not subject.person else (),
                  f"{capital(be)} {np} {verb} by {{V}}?", (f"What did {who} {base}?",), capital(f"{who} {past} {np}."), source)]
    if match["when"]:
        when = match["when"]
        ask = (f"When {be} {np} {verb}?", f"Can you tell me when {np} {be} {verb}?", f"Do you know when {np} {be} {verb}?")
        if re.fullmatch(r"in \d{4}", when):
            ask += (f"In which year {be} {np} {verb}?", f"What year {be} {np} {verb}?")
        facts.append(Fact(f"{verb} when", np, when.removeprefix("in ").removeprefix("on "), capital(f"{np} {be} {verb} {when}."), ask,
                          (f"When {be} {it} {verb}?", f"And when {be} {it} {verb}?") if own else (), source=source))
    return facts


def be_facts(clause: str, subject: Subject, source: str) -> list[Fact]:
    """Clauses with a form of 'be': turned round for when, where, by whom and what; or asked for their subject."""
    match = BE_CLAUSE.fullmatch(clause)
    if not match or bad_words(clause):
        return []
    np, be, adverb, rest = lower_start(named(match["np"], subject), match["np"]), match["be"], match["adv"], match["rest"]
    if " been" in be:
        return []
    rest = rest.replace("§", subject.name)
    answer, own = finish(clause, subject), match["np"] == "§"
    it = subject.pronoun
    first = rest.split()[0]
    facts = []

    def turned(wh: str, body: str, relation: str, value: str, follow_wh: str = "", check: bool = False) -> Fact:
        body = " " + body if body else ""
        ask = (f"{capital(wh)} {be} {np}{body}?", f"Can you tell me {wh} {np} {be}{body}?", f"Do you know {wh} {np} {be}{body}?",
               f"Tell me {wh} {np} {be}{body}.", f"I would like to know {wh} {np} {be}{body}.")
        if wh == "when" and re.search(r"\d{3,4}", value) and not re.search(MONTH, value):
            ask = ask[:3] + (f"In which year {be} {np}{body}?", f"In what year {be} {np}{body}?")
        follow = (f"{capital(wh)} {be} {it}{body}?", f"And {wh} {be} {it}{body}?") if own else ()
        return Fact(relation, np, value, answer, ask, follow, source=source)

    passive = first in PARTICIPLE or first in ("born", "located", "situated", "known", "called", "spoken", "covered", "surrounded", "famous", "related", "rich", "home", "similar", "visible", "native")
    when = re.fullmatch(rf"(?P<body>.+?),? {WHEN}(?: (?P<after>(?:in|at|by|near) .+))?", rest)
    by = re.fullmatch(rf"(?P<body>(?P<verb>[a-z]+)(?: [a-z ]+?)?) by (?P<who>(?:the )?(?:[A-Z]?[a-z]+ ){{0,3}}?{NAME}(?:,? and {NAME})?)(?: (?P<tail>(?:in|on|at|for|between|from) .+))?", rest)
    if passive and by and by["verb"] in PARTICIPLE and own | bool(re.match(r"[Tt]he |[A-Z]", match["np"])):
        verb = by["verb"]
        past, agent = PAST_OF_PARTICIPLE[verb], CREATION.get(verb)
        extra = by["body"][len(verb):]
        ask = [f"Who {past} {np}{extra}?", f"Can you tell me who {past} {np}{extra}?", f"Do you know who {past} {np}{extra}?",
               f"By whom {be} {np} {by['body']}?", f"Who {be} {np} {by['body']} by?"]
        if agent and not extra:
            ask.append(f"Who {be} the {agent} of {np}?")
        facts.append(Fact(f"{verb} by", np, by["who"], answer, tuple(ask), (f"Who {past} {'them' if it == 'they' else it}{extra}?", f"And who {past} {'them' if it == 'they' else it}{extra}?") if own and not subject.person else (),
                          check=f"{capital(be)} {np} {by['body']} by {{V}}?", source=source))
    if when and (passive or first in ("a", "an", "the")) and not re.search(r" (?:and|or)$|, and |\d{4}", when["body"]):
        body = when["body"].split(" by ")[0] if by else when["body"]
        wh = "until when" if when["when"].startswith("until") else "since when" if when["when"].startswith("since") else "when"
        if not (own and first == "born"):
            facts.append(turned(wh, f"{adverb}{body}".strip(), f"when {first}", when["when"]))
    place = re.fullmatch(rf"(?P<body>.*?)(?P<where>(?:in|at|on|near|between|off|along|(?:north|south|east|west)(?:-?(?:east|west))? of) (?:the |ancient |a |an )?(?:[a-z\-]+ )*?{NAME}.*)", rest)
    if not facts and place and not re.search(r"\d", place["where"]) and (not place["body"] or (passive and len(place["body"].split()) <= 3)) and first not in ("famous", "known", "rich", "home"):
        verb = PARTICIPLE.get(first)
        if not place["body"] or verb in PLACE_VERBS or first in ("born", "located", "situated", "spoken", "visible"):
            facts.append(turned("where", f"{adverb}{place['body']}".strip(), "where " + (first if passive else "be"), place["where"].strip()))
    if not facts and passive:
        what = re.fullmatch(rf"(?P<verb>[a-z]+) (?P<prep>{'|'.join(WHAT_PREPOSITIONS)}) (?P<value>.+)", rest)
        if what and not re.match(rf"{DATE}|{NUMBER}", what["value"]) and len(what["value"].split()) <= 14:
            facts.append(turned("what", f"{adverb}{what['verb']} {what['prep']}", f"{what['verb']} {what['prep']}", what["value"]))
        called = re.fullmatch(r"(?P<verb>called|nicknamed|named|renamed) (?P<value>(?:the )?(?:\"[^\"]+\"|“[^”]+”|[A-Z][\w\- ]*))", rest)
        if called:
            facts.append(turned("what", f"{adverb}{called['verb']}", called["verb"], called["value"]))
    if not facts and re.match(r"(?:the|a|an) ", rest) and specific(rest, own and subject.person) and not adverb.startswith("not"):
        facts += subject_question(clause, np, f"{be} {adverb}{rest}", own, subject, source)
    return facts


def verb_facts(clause: str, subject: Subject, source: str) -> list[Fact]:
    """Clauses with a full verb: When did X V? Where does X V? What does X V? Who V?"""
    match = VERB_CLAUSE.fullmatch(clause)
    if not match or bad_words(clause):
        return []
    np, verb, rest = lower_start(named(match["np"], subject), match["np"]), match["verb"], match["rest"].replace("§", subject.name)
    if verb in THIRD:
        base, do = THIRD[verb], "does"
    elif verb in PAST and verb not in VERBS:
        base, do = PAST[verb], "did"
    elif verb in VERBS and subject.pronoun == "they" and match["np"] == "§":
        base, do = verb, "do"
    else:
        return []
    own, it, answer = match["np"] == "§", subject.pronoun, finish(clause, subject)

    def turned(wh: str, body: str, relation: str, value: str) -> Fact:
        body = " " + body.strip() if body.strip() else ""
        ask = (f"{capital(wh)} {do} {np} {base}{body}?", f"Can you tell me {wh} {np} {verb}{body}?", f"Do you know {wh} {np} {verb}{body}?",
               f"Tell me {wh} {np} {verb}{body}.", f"I would like to know {wh} {np} {verb}{body}.")
        if wh == "when" and re.search(r"\d{3,4}", value) and not re.search(MONTH, value):
            ask = ask[:3] + (f"In which year {do} {np} {base}{body}?", f"In what year {do} {np} {base}{body}?")
        follow_do = "do" if it == "they" and do == "does" else do
        follow = (f"{capital(wh)} {follow_do} {it} {base}{body}?", f"And {wh} {follow_do} {it} {base}{body}?") if own else ()
        return Fact(relation, np, value, answer, ask, follow, source=source)

    facts = []
    when = re.fullmatch(rf"(?:(?P<body>.+?),? )?{WHEN}", rest)
    if when and not re.search(r"\b(?:and|or|of|than|about)$|, and |\d{4}", when["body"] or ""):
        wh = "until when" if when["when"].startswith("until") else "since when" if when["when"].startswith("since") else "when"
        body = when["body"] or ""
        if len(body.split()) <= 10:
            facts.append(turned(wh, body, f"when {base}", when["when"]))
        rest = body
    what = re.fullmatch(rf"(?P<prep>(?:{'|'.join(WHAT_PREPOSITIONS)}|up|mostly of|mainly of|mostly on) )?(?P<value>.+)", rest)
    if not facts and what and len(what["value"].split()) <= 12 and not re.search(r" (?:that|who|to) ", what["value"]):
        prep = (what["prep"] or "").strip()
        value = what["value"]
        is_place = prep in ("in", "at", "on", "near", "off") and re.match(rf"(?:the |a |an )?(?:[a-z\-]+ )*?{NAME}", value) \
            or re.match(rf"(?:between|along|(?:north|south|east|west)(?:-?(?:east|west))? of) (?:the )?{NAME}", rest)
        plain = re.match(r"(?:the|a|an|many|several|two|three|all) |[A-Z]|[a-z]+(?:,| and|$)", value)
        if is_place and base in PLACE_VERBS and not re.search(r"\d", value):
            facts.append(turned("where", "", f"where {base}", rest))
        elif plain and prep not in ("in", "at", "on", "near", "off", "by", "as", "up") and not re.match(NUMBER, value):
            if not (prep == "" and base in ("become", "remain", "have", "begin", "start", "continue", "mean", "do", "lie", "stand", "come", "go", "die")) or base == "mean":
                person_object = re.search(r"\b(?:[Kk]ing|[Qq]ueen|wife|husband|daughter|son)\b", value)
                settled = do != "did" or (base in MAKES and not prep and re.search(rf"(?:^| )(?:{WORD})|\"", value))
                if not person_object and settled:
                    facts.append(turned("what", prep, f"what {base} {prep}".strip(), value))
    if own and not facts and not re.search(r", \w+(?:ed|s)\b", match["rest"]) and specific(match["rest"], subject.person) and "§" not in match["rest"]:
        facts += subject_question(clause, np, f"{verb} {match['rest']}", own, subject, source)
    elif not own and "§" in match["rest"] and not facts and len(match["rest"].split()) <= 10:
        facts += subject_question(clause, np, f"{verb} {rest}", own, subject, source)
    return facts


def subject_question(clause: str, np: str, predicate: str, own: bool, subject: Subject, source: str) -> list[Fact]:
    """'§ is the only mammal that can fly' -> Which animal ...? 'Who led the Salt March?'"""
    if len(predicate.split()) > 18 or re.search(r"\b(?:and|or|which)$", predicate) or PRONOUN.search(predicate):
        return []
    if own and subject.person:
        who = "Who"
    elif own and subject.kind and not subject.kind.endswith("s"):
        who = f"Which {subject.kind}"
    elif own:
        return []
    else:
        if re.match(r"(?:led|wrote|won|composed|painted|founded|discovered|invented|ruled|conquered|sailed|designed)\b", predicate):
            who = "Who"
        elif re.match(r"(?:the|a|an) ", np):
            who = "What"
        else:
            return []
    if predicate.startswith(("are ", "were ")) and who != "Who":
        return []
    ask = (f"{who} {predicate}?", f"Can you tell me {who[:1].lower()}{who[1:]} {predicate}?", f"Do you know {who[:1].lower()}{who[1:]} {predicate}?")
    return [Fact("subject: " + predicate, np, np, finish(clause, subject), ask, source=source)]


def specific(predicate: str, person: bool) -> bool:
    """Whether a predicate picks out one thing: a superlative or 'only' does; of a person a name does too."""
    unique = re.search(r"\bthe (?:\w+ )?(?:(?!west|rest|forest)\w+est|only|first|most|last)\b", predicate) and not re.search(r"\bone of\b", predicate)
    return bool(unique) or (person and bool(re.search(rf" {WORD}", predicate)))


def possessive_pronoun(subject: Subject) -> str:
    return {"it": "its", "he": "his", "she": "her", "they": "their"}[subject.pronoun]


def lower_start(text: str, raw: str) -> str:
    """A noun phrase from the beginning of a sentence, as it stands within one."""
    return text[:1].lower() + text[1:] if re.match(r"(?:The|A|An|All|Many|One|Several) ", raw) else text


def tidy_rest(text: str) -> str:
    return text.strip()


def bad_words(clause: str) -> bool:
    return bool(re.search(r"\b(?:not|never|may|might|could|would|should|more than any|that|who|whom|how|why|according|recently|currently|today|ago|said|says)\b", clause)) \
        or clause.count(",") > 6


def finish(clause: str, subject: Subject) -> str:
    """The clause as an answer."""
    return capital(clause.replace("§", subject.name)).rstrip(" .,") + "."


def shorten(text: str, most: int) -> str:
    """At most so many words, cut at a comma."""
    while len(text.split()) > most and "," in text:
        text = text.rsplit(",", 1)[0]
    return text if len(text.split()) <= most else ""


def fit(fact: Fact) -> bool:
    """The last look at a fact: whole sentences of decent length, nothing left open."""
    texts = [fact.answer, *fact.ask, *fact.back, fact.back_answer]
    return (len(fact.answer.split()) <= MAX_ANSWER_WORDS and not any(BROKEN.search(t) or "{" in t for t in texts) and len(fact.ask) >= 2
            and not any(t.endswith((" .", ",.")) for t in texts) and len(fact.value) > 0 and fact.ask[0][:1].isupper()
            and not any(len(t.split()) > 24 for t in fact.ask) and not any(re.search(r",\s*(?:and|or)?\s*[\w ]*[?.]$", t) and re.search(r", \w+ed[?.]$", t) for t in fact.ask))


def unique(facts: list[Fact]) -> list[Fact]:
    return list({(f.relation, f.subject, f.value): replace(f) for f in facts}.values())
