"""Who makes the conversations and judges answers: a model behind an API, or rules that need none."""
