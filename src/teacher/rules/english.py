"""Just enough English for the rules teacher: sentences, verb forms, names, numbers, dates.

Plain patterns, no model. What they do not understand they do not match, so that a sentence is passed over
rather than turned into a bad question.
"""

import re

MONTH = r"(?:January|February|March|April|May|June|July|August|September|October|November|December)"
YEAR = r"(?:(?:about |around |c\. )?\d{3,4}(?:s\b)?(?: BCE?| CE| AD)?|\d{1,3} (?:BCE?|AD))"
DATE = rf"(?:\d{{1,2}} {MONTH}(?:,? \d{{3,4}})?|{MONTH} \d{{1,2}}(?:,? \d{{3,4}})?|{MONTH},? \d{{4}}|{YEAR})"
WORD = r"[A-ZÀ-ÖØ-ÞĀ-Ž][\w’'\-]*(?:\.(?=[A-Z ][\w]))?"
# A proper name: capitalised words, joined by a few small ones. "and" and "in" would join two names into one.
NAME = rf"(?:(?:[Tt]he )?{WORD}(?: (?:(?:of|the|de|da|del|di|la|le|von|van|der|du|des|al|bin|ibn|d'|upon) )*(?:{WORD}|\d{{1,4}}\b|[IVX]+\b))*)"
# A quantity: 2,850 kilometres; about 8.8 million people; more than 17,000 islands.
HEDGE = r"(?:(?:about|around|approximately|roughly|nearly|almost|over|more than|less than|fewer than|at least|up to|some|only|just) )"
FIGURE = r"[-−]?\d[\d,]*(?:\.\d+)?(?: (?:hundred|thousand|million|billion|trillion))?(?: and a half)?"
SMALL = (
    r"(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|"
    r"eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|a hundred|a thousand|a dozen)"
    r"(?:-(?:one|two|three|four|five|six|seven|eight|nine))?(?: (?:hundred|thousand|million|billion))?"
)
NUMBER = rf"(?:{HEDGE}?(?:{FIGURE}|{SMALL}|several hundred|several thousand|hundreds of|thousands of|millions of))"

TITLES = {
    "mr",
    "mrs",
    "ms",
    "dr",
    "st",
    "prof",
    "gen",
    "col",
    "lt",
    "sgt",
    "capt",
    "rev",
    "hon",
    "mt",
    "ft",
    "no",
    "vs",
    "c",
    "ca",
    "cf",
    "approx",
    "fl",
    "op",
    "vol",
    "pp",
    "p",
    "ed",
    "b",
    "d",
    "r",
    "e.g",
    "i.e",
}
ABBREVIATIONS = {
    "jr",
    "sr",
    "etc",
    "al",
    "u.s",
    "u.k",
    "u.n",
    "d.c",
    "a.d",
    "b.c",
    "inc",
    "ltd",
    "co",
    "corp",
    "bros",
    "ph.d",
    "a.m",
    "p.m",
    "km",
    "sq",
}
STOP_WORDS = set(
    """a an the of in on at by for to from with and or but as is are was were be been being has have had do does did
    not no yes it its he his him she her they their them this that these those which who whom whose what when where why how
    there here than then so also very more most many much some any all each other such into over under about after before
    between during one can could will would may might must should if while because name called known""".split()
)

# base: (3rd person, past, participle); regular verbs are given by their base alone.
IRREGULAR = {
    "become": ("becomes", "became", "become"),
    "begin": ("begins", "began", "begun"),
    "break": ("breaks", "broke", "broken"),
    "bring": ("brings", "brought", "brought"),
    "build": ("builds", "built", "built"),
    "buy": ("buys", "bought", "bought"),
    "catch": ("catches", "caught", "caught"),
    "come": ("comes", "came", "come"),
    "cut": ("cuts", "cut", "cut"),
    "do": ("does", "did", "done"),
    "draw": ("draws", "drew", "drawn"),
    "drive": ("drives", "drove", "driven"),
    "eat": ("eats", "ate", "eaten"),
    "fall": ("falls", "fell", "fallen"),
    "feed": ("feeds", "fed", "fed"),
    "fight": ("fights", "fought", "fought"),
    "find": ("finds", "found", "found"),
    "fly": ("flies", "flew", "flown"),
    "get": ("gets", "got", "got"),
    "give": ("gives", "gave", "given"),
    "go": ("goes", "went", "gone"),
    "grow": ("grows", "grew", "grown"),
    "hold": ("holds", "held", "held"),
    "keep": ("keeps", "kept", "kept"),
    "know": ("knows", "knew", "known"),
    "lay": ("lays", "laid", "laid"),
    "lead": ("leads", "led", "led"),
    "leave": ("leaves", "left", "left"),
    "lie": ("lies", "lay", "lain"),
    "lose": ("loses", "lost", "lost"),
    "make": ("makes", "made", "made"),
    "mean": ("means", "meant", "meant"),
    "meet": ("meets", "met", "met"),
    "overthrow": ("overthrows", "overthrew", "overthrown"),
    "rise": ("rises", "rose", "risen"),
    "run": ("runs", "ran", "run"),
    "say": ("says", "said", "said"),
    "see": ("sees", "saw", "seen"),
    "sell": ("sells", "sold", "sold"),
    "send": ("sends", "sent", "sent"),
    "serve": ("serves", "served", "served"),
    "set": ("sets", "set", "set"),
    "sit": ("sits", "sat", "sat"),
    "sing": ("sings", "sang", "sung"),
    "sink": ("sinks", "sank", "sunk"),
    "speak": ("speaks", "spoke", "spoken"),
    "spend": ("spends", "spent", "spent"),
    "spread": ("spreads", "spread", "spread"),
    "stand": ("stands", "stood", "stood"),
    "swim": ("swims", "swam", "swum"),
    "take": ("takes", "took", "taken"),
    "teach": ("teaches", "taught", "taught"),
    "tell": ("tells", "told", "told"),
    "think": ("thinks", "thought", "thought"),
    "wear": ("wears", "wore", "worn"),
    "win": ("wins", "won", "won"),
    "write": ("writes", "wrote", "written"),
    "rebuild": ("rebuilds", "rebuilt", "rebuilt"),
    "split": ("splits", "split", "split"),
    "travel": ("travels", "travelled", "travelled"),
    "control": ("controls", "controlled", "controlled"),
    "occur": ("occurs", "occurred", "occurred"),
    "plan": ("plans", "planned", "planned"),
    "stop": ("stops", "stopped", "stopped"),
    "star": ("stars", "starred", "starred"),
    "refer": ("refers", "referred", "referred"),
    "transfer": ("transfers", "transferred", "transferred"),
    "shine": ("shines", "shone", "shone"),
    "strike": ("strikes", "struck", "struck"),
    "melt": ("melts", "melted", "melted"),
    "drop": ("drops", "dropped", "dropped"),
    "ship": ("ships", "shipped", "shipped"),
    "map": ("maps", "mapped", "mapped"),
}
REGULAR = """abandon abolish absorb accept achieve acquire act add adopt advance allow announce annex appear appoint approve arrest
    arrive assassinate attack attend attract award ban belong boil border burn call capture carry cause celebrate change circle
    claim climb close collapse colonize combine complete compose conduct connect conquer consist construct contain continue
    convert cover create cross cultivate dance date declare decline defeat defend define deliver demonstrate depend derive describe
    design destroy develop devise die direct discover display divide drain earn edit educate elect emerge employ enclose end enjoy
    enter erect escape establish evacuate evolve examine execute exhibit exist expand experience explain explode explore export
    express extend feature fill finish flow follow force form formulate found function gain generate glow govern graduate grant
    happen harbour help host house hunt identify illustrate immigrate implement import improve inaugurate incorporate increase
    influence inhabit inspire install introduce invade invent invest isolate issue join kill land last launch license link list live
    locate maintain manage manufacture mark marry measure merge migrate mine move murder name need nickname nominate number observe
    obtain occupy offer open operate oppose orbit order organise organize originate own paint participate pass patent perform photograph
    pioneer place plant play pollinate populate possess praise preach predict prepare present preserve prevent print proclaim produce
    promote propose protect prove provide publish purchase reach receive reclaim recognise recognize record recover reform reign
    reject relate release remain remove rename renovate replace report represent require resign restore result retain retire return
    reveal rotate ruin rule save score seize separate settle share show sign span sponsor stage start state stretch study succeed suffer
    sufficient support surround survive symbolise symbolize taste test theorize tour trade train transform translate transport treat
    turn unify unite use value visit vote warn wash watch weigh withdraw work worship crown bury tame breathe breed reproduce
    hibernate dive burrow heat cool mix react dissolve conduct harden float discuss argue advocate coin cite criticise criticize compile
    collect command compete conclude confirm convict crash debut defect demolish depict deploy detect devote dedicate dismiss
    dissolve donate draft elevate emigrate enact encounter enlarge enlist favour favor fund guide ignite imprison include indicate
    inherit initiate injure inscribe interpret interview label lack lecture liberate lobby modify negotiate note occupy outlaw
    penetrate persuade premiere prohibit publicize pump pursue quote raise rank ratify rescue resemble restrict revise revive revolt
    sail sample secure sentence shape smuggle specialise specialize store strengthen submit supply suppress surrender suspend
    synthesise synthesize tackle target term threaten thrive tie torture trace trigger undergo underlie urge utilize veto violate
    voyage volunteer yield""".split()


def _regular(base: str) -> tuple[str, str, str]:
    if base.endswith("y") and base[-2] not in "aeiou":
        return base[:-1] + "ies", base[:-1] + "ied", base[:-1] + "ied"
    third = base + ("es" if re.search(r"(s|x|z|ch|sh)$", base) else "s")
    past = base + ("d" if base.endswith("e") else "ed")
    return third, past, past


VERBS = {base: _regular(base) for base in REGULAR} | IRREGULAR
for _odd in ("undergo", "underlie", "withdraw", "sufficient"):
    VERBS.pop(_odd)
THIRD = {third: base for base, (third, _, _) in VERBS.items()}
PAST = {past: base for base, (_, past, _) in VERBS.items()}
PARTICIPLE = {participle: base for base, (_, _, participle) in VERBS.items()}
PAST_OF_PARTICIPLE = {participle: past for _, past, participle in VERBS.values()}

_BOUNDARY = re.compile(r"(?<=[.!?])[\"”’']?\s+(?=[\"“‘'(]?[A-ZÀ-ÖØ-ÞĀ-Ž0-9])")


STARTERS = (
    "The",
    "It",
    "In",
    "He",
    "She",
    "They",
    "This",
    "These",
    "A",
    "An",
    "Its",
    "His",
    "Her",
    "There",
    "At",
    "As",
)


def sentences(paragraph: str) -> list[str]:
    """Split at . ! ? before a capital or a digit, not after abbreviations and initials."""
    result, start = [], 0
    for match in _BOUNDARY.finditer(paragraph):
        before = paragraph[start : match.start()]
        last, previous = (["", ""] + before.split())[:-3:-1]
        following = paragraph[match.end() :].split(" ", 1)[0]
        short = last.rstrip(".").lower().lstrip('("“')
        # 'The symbol of carbon is C.' ends a sentence, 'its author is J. R. R. Tolkien' does not.
        initial = re.fullmatch(r"\(?[A-Z]\.", last) and (
            previous not in ("is", "as") or re.fullmatch(r"[A-Z]\.", following)
        )
        if before.endswith(".") and (
            short in TITLES
            and not (len(short) == 1 and last[0].isupper())
            or initial
            or (short in ABBREVIATIONS and following not in STARTERS)
        ):
            continue
        if before.count("(") > before.count(")"):
            continue
        result.append(paragraph[start : match.end()].strip())
        start = match.end()
    rest = paragraph[start:].strip()
    return result + [rest] if rest else result


PRONUNCIATION = re.compile(r"(?<!\S)/(?=[^/\n]*[ˈˌəɪʊɛæɑɒɔʌɜːɡθðŋʃʒ])[^/\n]{2,60}/")


def without_parentheses(text: str) -> str:
    """Text without (...) and [...], nested ones too, without pronunciations /ˈlʌndən/, and without the holes that they leave;
    those inside a word stay: Fe(OH)."""
    text = PRONUNCIATION.sub("", text)
    kept, depth = [], 0
    for i, character in enumerate(text):
        if depth or (character in "([" and (i == 0 or text[i - 1] in ' "“')):
            depth += (character in "([") - (character in ")]")
        else:
            kept.append(character)
    return re.sub(r"\s+([,.;])", r"\1", re.sub(r"\s{2,}", " ", "".join(kept))).replace(",,", ",").strip()


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def one_line(text: str) -> str:
    return " ".join(text.split())


def words(text: str) -> list[str]:
    return re.findall(r"\w[\w’'\-.]*\w|\w", text)


def names_in(text: str) -> list[str]:
    """Capitalised words that are names for sure: not the first of a sentence, not a month or a weekday."""
    return [
        m.group(0).removesuffix("'s").removesuffix("’s")
        for m in re.finditer(r"(?<![.!?:\"“] )(?<!^)(?<![\w’'\-])[A-ZÀ-ÖØ-ÞĀ-Ž][\w’'\-]*", text)
        if m.group(0) != "I"
    ]


def numbers_in(text: str) -> list[str]:
    """Numbers without their thousands separators: '2,850' -> '2850'."""
    return [n.replace(",", "").rstrip(".") for n in re.findall(r"\d[\d,]*(?:\.\d+)?", text)]
