"""The steps of wikitext.py, a file a subject: each takes the text of an article and gives it back simpler."""
