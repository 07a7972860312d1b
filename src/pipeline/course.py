"""What the course that this project follows says of its own 124M model on an RTX 4090, by stage."""

TOGETHER = "together"
COURSE = {"train": "20 to 24 h", "gen_sft_data": "4 to 8 h, $2 to $4", TOGETHER: "36 h, $14.40 (planned: $15 to $30)"}
