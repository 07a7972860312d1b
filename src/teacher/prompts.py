"""What the openai teacher is asked, and the JSON it must answer with.

The article comes first, so that a server that keeps the prefix reads it once for all prompts about it.
"""

from pipeline.draws import shuffled
from teacher.reading import SAYS_NOTHING, Task

KINDS = {
    "fact": "a question for one important fact; the answer is one or two sentences",
    "explain": "a question that asks for an explanation; the answer takes three to five sentences",
    "how_why": "a question that begins with How or Why, whose answer the article gives",
    "list": "a question whose answer is a list of several things, as a sentence or as lines that begin with '- '",
    "compare": "a question that compares two things of which the article tells",
    "reasoning": "a question that needs two facts of the article put together; the answer says how it follows",
    "yes_no": "a question to be answered with yes or no, then one sentence that says why; at times the answer is no",
    "summary": "a request to describe the subject in a few sentences",
    "multi_turn": "a conversation of several turns; later questions may say 'it' or 'she' for what was named before",
}

MOST_QUESTION, MOST_ANSWER, MOST_REASON = 600, 1500, 400  # characters
MOST_REWRITTEN = 3000  # of an answer about a passage of up to 400 words, which may be all of it in other words


def text_schema(least: int, most: int) -> dict:
    return {"type": "string", "minLength": least, "maxLength": most}


def list_schema(item: dict, least: int, most: int) -> dict:
    return {"type": "array", "items": item, "minItems": least, "maxItems": most}


def object_schema(**properties: dict) -> dict:
    """An object with exactly these properties, as strict servers want it."""
    return {"type": "object", "additionalProperties": False, "required": list(properties), "properties": properties}


def conversations_schema(count: int, max_turns: int) -> dict:
    turn = object_schema(question=text_schema(8, MOST_QUESTION), answer=text_schema(2, MOST_ANSWER))
    kind = {"type": "string", "enum": sorted(KINDS)}
    conversation = object_schema(kind=kind, turns=list_schema(turn, 1, max_turns))
    return object_schema(conversations=list_schema(conversation, count, count))


def passage_schema(tasks: list[Task], max_turns: int) -> dict:
    turn = object_schema(question=text_schema(2, MOST_QUESTION), answer=text_schema(1, MOST_REWRITTEN))
    kind = {"type": "string", "enum": sorted(task.kind for task in tasks)}
    conversation = object_schema(kind=kind, turns=list_schema(turn, 1, max_turns))
    return object_schema(conversations=list_schema(conversation, len(tasks), len(tasks)))


def rating_schema(count: int) -> dict:
    score = {"type": "integer", "minimum": 0, "maximum": 10}
    rating = object_schema(reason=text_schema(1, MOST_REASON), score=score)
    return object_schema(ratings=list_schema(rating, count, count))


VERDICT_SCHEMA = object_schema(
    reason=text_schema(1, MOST_REASON), verdict={"type": "string", "enum": ["A", "B", "tie"]}
)


def conversations(article: dict, count: int, max_turns: int) -> list[dict]:
    kinds = shuffled(KINDS, "kinds", article.get("id"), article["title"])
    chosen = [kinds[i % len(kinds)] for i in range(count)]
    lines = "\n".join(f"{i}. {kind}: {KINDS[kind]}" for i, kind in enumerate(chosen, 1))
    return [
        {
            "role": "user",
            "content": f"""Article: {article["title"]}

{article["text"]}

---
Write {count} conversations between a curious person and a knowledgeable assistant about what the article above tells:
{lines}

Rules:
- The person has not read the article and does not know that there is one: every first question names what it is about
  and makes sense by itself. Never mention the article, the text, a passage or an author.
- Everything in an answer must stand in the article: no other names, numbers or dates.
- Answers are whole sentences, correct, clear and no longer than needed. They begin with the answer itself, not with
  praise.
- Only the kind multi_turn has more than one turn, at most {max_turns}.
- Vary how the questions are worded.

Answer with JSON alone: an object with the key "conversations", a list of {count} objects. Each has the key "kind",
which is the word before the colon in the list above, and the key "turns", a list of objects with the keys "question"
and "answer".""",
        }
    ]


def passage_tasks(passage: str, other: str, tasks: list[Task], max_turns: int) -> list[dict]:
    """The article's title is not told, so that no answer can lean on what the passage does not say."""
    shown = f"Passage:\n{passage}" + (f"\n\nSecond passage:\n{other}" if other else "")
    lines = "\n".join(f"{i}. {task.kind}: {task.asks}" for i, task in enumerate(tasks, 1))
    about = " All tasks but compare are about the first passage alone." if other else ""
    return [
        {
            "role": "user",
            "content": f"""{shown}

---
Write {len(tasks)} conversations between a person who shows this passage to an assistant and the assistant, who reads
it and does what the person asks:
{lines}

Rules:
- The passage is before both of them: do not repeat it in the question. The person may call it the text, this or the
  passage.{about}
- Everything in an answer must stand in the passage, and nothing may be added from elsewhere: names, numbers and dates
  are as the passage has them. What it does not tell is answered: {SAYS_NOTHING}
- Answers begin with the answer itself. They are whole sentences, but for lists and titles.
- Only the kind answer may have more than one turn, at most {max_turns}.
- Vary how the person asks: short and long, as a question and as a command.

Answer with JSON alone: an object with the key "conversations", a list of {len(tasks)} objects. Each has the key "kind",
which is the word before the colon in the list above, and the key "turns", a list of objects with the keys "question"
and "answer".""",
        }
    ]


def rating(question: str, article: str, reference: str, answers: list[str]) -> list[dict]:
    listed = "\n\n".join(f"Answer {i}:\n{answer}" for i, answer in enumerate(answers, 1))
    return [
        {
            "role": "user",
            "content": f"""{_reference(article, reference)}

Question:
{question}

{listed}

---
Rate each answer to the question, in order. Judge by the reference alone: is what it says true, does it answer the
question, does it end well, is it free of repetition? Length is no merit. For each give first a reason of one sentence,
then a score: a whole number from 0 (wrong or useless) to 10 (perfect).
Answer with JSON alone: an object with the key "ratings", a list of {len(answers)} objects with the keys "reason" and
"score".""",
        }
    ]


def verdict(question: str, article: str, reference: str, first: str, second: str) -> list[dict]:
    return [
        {
            "role": "user",
            "content": f"""{_reference(article, reference)}

Question:
{question}

Answer A:
{first}

Answer B:
{second}

---
Which answer to the question is better? Judge by the reference alone: truth first, then whether it answers the
question, then clarity. Length and the order of the answers must not count. Give a reason of one or two sentences, then
the verdict: A, B, or tie when neither is better.
Answer with JSON alone: an object with the keys "reason" and "verdict".""",
        }
    ]


def _reference(article: str, reference: str) -> str:
    return f"Article:\n{article}\n\nA correct answer:\n{reference}" if article else f"A correct answer:\n{reference}"
