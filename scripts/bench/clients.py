"""Real clients against a running server: one line each, with what they got. A client that is not installed is left out.

    python -m venv clients && clients/bin/pip install openai litellm langchain-openai llm "lm-eval[api]"
    clients/bin/python scripts/bench/clients.py http://127.0.0.1:8080
    NODE_PATH=$(npm root) clients/bin/python scripts/bench/clients.py http://127.0.0.1:8080      with npm install openai

What is imported of this repo needs no package, so any environment will do. Exits 1 when a client failed. SERVE_KEY:
the server's key.
"""

import asyncio
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import traceback
import types
import urllib.request
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "src"))
import pipeline.ctrl_c  # first, for as long as the others take

from pipeline.ending import script_main

QUESTION: Any = [{"role": "user", "content": "What is gold?"}]
KEY = os.environ.get("SERVE_KEY", "none")
NODE = """
const OpenAI = require("openai");
const [url, apiKey, model] = process.argv.slice(1);
const client = new OpenAI({ baseURL: url + "/v1", apiKey });
const request = { model, messages: [{ role: "user", content: "What is gold?" }], seed: 1 };
(async () => {
  const whole = await client.chat.completions.create(request);
  let text = "";
  for await (const chunk of await client.chat.completions.create({ ...request, stream: true }))
    text += chunk.choices[0]?.delta?.content || "";
  if (text !== whole.choices[0].message.content) throw new Error("stream and whole answer differ");
  console.log(JSON.stringify(text));
})();
"""


def openai_sync(url: str, model: str) -> str:
    import openai

    client = openai.OpenAI(base_url=url + "/v1", api_key=KEY)
    whole = client.chat.completions.create(model=model, messages=QUESTION, seed=1).choices[0].message.content
    stream: Any = client.chat.completions.create(model=model, messages=QUESTION, seed=1, stream=True)
    assert "".join(c.choices[0].delta.content or "" for c in stream) == whole
    raw = client.chat.completions.with_raw_response.create(model=model, messages=QUESTION, seed=1)
    assert raw.headers["x-request-id"] and raw.parse().choices[0].message.content == whole
    with client.chat.completions.with_streaming_response.create(model=model, messages=QUESTION, seed=1) as response:
        assert response.parse().choices[0].message.content == whole
    try:
        client.chat.completions.create(model="other", messages=QUESTION)
        raise AssertionError("an unknown model is taken")
    except openai.NotFoundError:
        return whole


def openai_async(url: str, model: str) -> str:
    import openai

    async def ask() -> list:
        async with openai.AsyncOpenAI(base_url=url + "/v1", api_key=KEY) as client:
            return await asyncio.gather(
                *(client.completions.create(model=model, prompt="Gold is", max_tokens=8, seed=i) for i in range(20))
            )

    return asyncio.run(ask())[0].choices[0].text


def litellm(url: str, model: str) -> str:
    import litellm as client

    options = {"model": f"openai/{model}", "api_base": url + "/v1", "api_key": KEY, "messages": QUESTION, "seed": 1}
    whole = client.completion(**options).choices[0].message.content
    assert "".join(c.choices[0].delta.content or "" for c in client.completion(**options, stream=True)) == whole
    return whole


def langchain(url: str, model: str) -> str:
    from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
    from langchain_openai import ChatOpenAI

    chat = ChatOpenAI(model=model, base_url=url + "/v1", api_key=KEY, seed=1)
    call = {"name": "look", "args": {"for": "gold"}, "id": "1"}
    history = [SystemMessage("Be brief."), HumanMessage("What is gold?"), AIMessage("", tool_calls=[call])]
    history.append(ToolMessage("Gold is a chemical element.", tool_call_id="1"))
    assert "".join(part.content for part in chat.stream(history)) == (whole := chat.invoke(history).content)
    return whole


def llm(url: str, model: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        models = [{"model_id": "ours", "model_name": model, "api_base": url + "/v1", "api_key_name": "ours"}]
        with open(f"{folder}/extra-openai-models.yaml", "w") as file:
            json.dump(models, file)
        environment = os.environ | {"LLM_USER_PATH": folder}
        command = [sys.executable, "-m", "llm", "-m", "ours", "--key", KEY, "What is gold?"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


def lm_eval(url: str, model: str) -> str:
    from lm_eval.api.instance import Instance
    from lm_eval.models.openai_completions import LocalCompletionsAPI

    class Plain(LocalCompletionsAPI):
        """Its tokenizer comes from /tokenize."""

        def tok_encode(self, string, **_):
            texts = [string] if isinstance(string, str) else string
            ids = [post(f"{url}/tokenize", {"prompt": text})["tokens"] for text in texts]
            return ids[0] if isinstance(string, str) else ids

    os.environ["OPENAI_API_KEY"] = KEY
    client = Plain(base_url=f"{url}/v1/completions", model=model, tokenizer_backend=None, tokenized_requests=False)
    client.tokenizer_backend, client.tokenized_requests = "huggingface", True
    client.tokenizer = types.SimpleNamespace(eos_token="<|end|>")
    pairs = [("Gold is a", " chemical element"), ("The capital of France is", " Paris")]
    requests = [Instance("loglikelihood", {}, pair, i) for i, pair in enumerate(pairs)]
    scores = client.loglikelihood(requests)
    for (context, rest), (score, _) in zip(pairs, scores):
        n = len(client.tok_encode(context))
        ids = client.tok_encode(context) + client.tok_encode(rest)
        body = {"prompt": ids, "max_tokens": 0, "echo": True, "logprobs": 1, "model": model}
        told = post(f"{url}/v1/completions", body)["choices"][0]["logprobs"]["token_logprobs"]
        assert abs(sum(told[n:]) - score) < 1e-3, (told, score)
    return str(scores)


def post(url: str, body: dict) -> dict:
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {KEY}"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.load(response)


def npm_openai(url: str, model: str) -> str:
    done = subprocess.run(["node", "-e", NODE, url, KEY, model], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


CLIENTS = {
    "openai": [openai_sync, openai_async],
    "litellm": [litellm],
    "langchain_openai": [langchain],
    "llm": [llm],
    "lm_eval": [lm_eval],
}


def main(url: str) -> int:
    with urllib.request.urlopen(url + "/health", timeout=10) as response:
        model = json.load(response)["model"]
    checks = [check for package, checks in CLIENTS.items() if importlib.util.find_spec(package) for check in checks]
    checks += [npm_openai] if os.environ.get("NODE_PATH") else []
    failed = 0
    for check in checks:
        try:
            print(f"{check.__name__:14} {check(url, model)[:80]!r}", flush=True)
        except Exception:
            failed += 1
            print(f"{check.__name__:14} FAILED\n{traceback.format_exc()}", flush=True)
    print(f"{len(checks) - failed} of {len(checks)} clients are content")
    return int(failed > 0)


if __name__ == "__main__":
    if {"-h", "--help"} & set(sys.argv):
        script_main(lambda: print(__doc__))
    elif len(sys.argv) != 2:
        sys.exit(__doc__)
    script_main(lambda: main(sys.argv[1].rstrip("/")))
