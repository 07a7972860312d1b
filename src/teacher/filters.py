"""Which conversations are fit to learn from: the reasons for which one is dropped."""

import re

from teacher.rules.english import STOP_WORDS, names_in, numbers_in

MALFORMED = "malformed"  # the kind of a conversation that the teacher did not write as it was asked to
SPECIAL = re.compile(r"<\|\w+\|>")
MENTIONS_SOURCE = re.compile(
    r"\b(?:the|this|an?|above|given|provided) (?:article|passage|text|excerpt|document|paragraph|author)\b|\baccording to (?:the|this)\b",
    re.I,
)
UNNAMED = re.compile(
    r"^(?:(?:and|so|but) )?(?:who|what|when|where|why|how|which|is|was|are|were|did|does|do|has|had|in which year)\b[\w' ]{0,30}?"
    r"\b(?:he|she|it|they|his|her|its|their|him|them|this|these|those)\b",
    re.I,
)
MOST_QUESTION, MOST_ANSWER = 1200, 2000  # characters


def problem(conversation: dict, article: dict, max_turns: int) -> str | None:
    """Why a conversation is not fit to learn from; None when it is."""
    messages = conversation.get("messages", [])
    if conversation["kind"] == MALFORMED:
        return MALFORMED
    if not messages or len(messages) % 2 or any(not m["content"].strip() for m in messages):
        return "empty"
    if len(messages) // 2 > max_turns:
        return "too many turns"
    questions, answers = [m["content"] for m in messages[::2]], [m["content"] for m in messages[1::2]]
    if any(SPECIAL.search(m["content"]) for m in messages):
        return "special token"
    if any(len(q) > MOST_QUESTION for q in questions) or any(len(a) > MOST_ANSWER for a in answers):
        return "too long"
    if any(len(q) < 8 for q in questions) or any(len(a) < 2 for a in answers):
        return "too short"
    reading = conversation["kind"] == "reading"
    if not reading and any(MENTIONS_SOURCE.search(m["content"]) for m in messages):
        return "mentions the article"
    if not reading and UNNAMED.search(questions[0]) and not names_in(questions[0]):
        return "question without a subject"
    if not all(a.rstrip().endswith((".", "!", "?", ":", '"', "”", ")", "`")) or "\n- " in a for a in answers):
        return "answer without an end"
    for question, answer in zip(questions, answers):
        if not grounded(answer, article, question):
            return "not grounded"
    return None


def grounded(answer: str, article: dict, question: str) -> bool:
    """Whether the numbers and names of an answer occur in the article (or in the question that it takes up)."""
    known = f"{article['title']} {article['text']} {question}"
    if set(numbers_in(answer)) - set(numbers_in(known)):
        return False
    words = set(re.findall(r"\w+", known.lower()))
    return all(
        word in words
        for name in names_in(answer)
        if name.lower() not in STOP_WORDS
        for word in re.findall(r"\w+", name.lower())
    )
