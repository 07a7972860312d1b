"""Greetings, thanks, who are you, write me a poem: what people say beside asking for facts, answered in character.

The wordings are in data/company.txt, the character in configs/persona.yaml; no article is needed: both teachers use it.
"""

from collections.abc import Iterator

from pipeline.draws import hash64, shuffled
from teacher import wordings

NUMBERS = "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen".split()
NUMBERS += "seventeen eighteen nineteen twenty twenty-one thirty forty fifty sixty seventy eighty ninety".split()
NUMBERS += ["a hundred"]
NUMBERS += [
    str(n) for n in (2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 15, 17, 20, 24, 36, 48, 50, 64, 99, 100, 125, 144, 365, 512, 1000)
]

NOT_TALKED = ("empty", "other_language")  # English words around these would make them something else


COMMON = 10  # the first lines of an intent are what most people say: hello, thanks, who are you


def company(persona: dict[str, str], *key) -> Iterator[dict]:
    """Conversations of one turn without end, the intents in turn. Every second one of an intent has a common pattern,
    or these would be drowned by the rare ones; of both sorts all come before any comes again."""
    intents = wordings.load("company")
    rare = {intent: shuffled(lines[">"], *key, intent) for intent, lines in intents.items()}
    common = {intent: shuffled(lines[">"][:COMMON], *key, intent) for intent, lines in intents.items()}
    place = 0
    while True:
        for intent in shuffled(intents, *key, place):
            own = (*key, intent, place)
            patterns = (rare if place % 2 else common)[intent]
            said = wordings.expand(patterns[place // 2 % len(patterns)], *own)
            said = wordings.fill(said, persona | {"n": number(*own, "n"), "m": number(*own, "m")})
            said = talked(said, *own) if len(said.split()) > 1 and intent not in NOT_TALKED else said
            answer = wordings.fill(wordings.pick(intents[intent]["<"], *own, "answer"), persona)
            yield {
                "kind": f"company/{intent}",
                "article_id": f"company/{intent}/{place}",
                "messages": [
                    {"role": "user", "content": wordings.punctuated(said)},
                    {"role": "assistant", "content": answer},
                ],
            }
        place += 1


def talked(text: str, *key) -> str:
    """In a third of cases with words before or behind it that say nothing: 'well, ...', '... to be honest'."""
    draw, typing = hash64(*key, "talked") % 6, wordings.load("typing")
    if draw == 0:
        return f"{wordings.pick(typing['lead']['>'], *key)} {text[:1].lower()}{text[1:]}"
    return f"{text} {wordings.pick(typing['tail']['>'], *key)}" if draw == 1 else text


def number(*key) -> str:
    return NUMBERS[hash64(*key) % len(NUMBERS)]
