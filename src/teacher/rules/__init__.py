"""The teacher without a model: facts read from sentences, questions asked of them, answers judged by them."""
