"""What review aggregators say of a film, in the sentences that the templates write."""

from wikipedia.templates.base import at
from wikipedia.templates.base import renders_in_english as renders


@renders("rotten tomatoes prose; rt prose")
def share_of_critics(p, n, context):
    """{{Rotten Tomatoes prose|85|7.5|200|A delight.}}: 85% of 200 critics' reviews are positive ..."""
    share, average, count, consensus = (n.get(key) or at(p, i) for i, key in enumerate(_SHARE))
    if not share or not count:
        return ""
    verdict = {"100": "all", "0": "none"}.get(share, f"{share}%")
    some = f"{verdict} of {count}" if verdict.endswith("%") else f"{verdict} of the {count}"
    text = f"On the review aggregator website Rotten Tomatoes, {some} critics' reviews are positive"
    text += f", with an average rating of {average.removesuffix('/10')}/10." if average else "."
    return f'{text} The website\'s consensus reads: "{consensus}"' if consensus else text


_SHARE = ("score", "average", "count", "consensus")
_LEAST = (81, 61, 40, 20)  # score of each verdict
_VERDICTS = ("universal acclaim", "generally favorable", "mixed or average", "generally unfavorable")


@renders("metacritic film prose; mc film; metacritic tv prose; mc tv; metacritic prose")
def weighted_average(p, n, context):
    """{{Metacritic film prose|65|40}}: a score of 65 out of 100, based on 40 critics"""
    score, count = n.get("score") or at(p, 0), n.get("count") or at(p, 1)
    if not score.isdecimal() or not count:
        return ""
    verdict = next((name for least, name in zip(_LEAST, _VERDICTS) if int(score) >= least), "overwhelming dislike")
    return (
        f"Metacritic, which uses a weighted average, assigned the film a score of {score} out of 100, based on {count} "
        f'critics, indicating "{verdict}" reviews.'
    )
