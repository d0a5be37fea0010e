#!/usr/bin/env python3
"""Checks a running gateway with OpenAI's own Python client.

    python3 -m venv /tmp/openai-client && /tmp/openai-client/bin/pip install openai
    /tmp/openai-client/bin/python neuron/deploy/openai_client.py http://127.0.0.1:8080/v1 sk-ganglion-...

Ends with 0 where all of it works; says what does not.
"""

import sys

import openai


def main(base_url: str, key: str) -> None:
    client = openai.OpenAI(base_url=base_url, api_key=key, max_retries=0, timeout=120)
    model = client.models.list().data[0].id
    print("model:", model)
    messages = [{"role": "user", "content": "Say hello."}]

    raw = client.chat.completions.with_raw_response.create(model=model, messages=messages, max_tokens=8, temperature=0)
    answer = raw.parse()
    usage = answer.usage
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens > 0, usage
    assert answer.choices[0].finish_reason in ("stop", "length"), answer
    assert raw.headers["x-ganglion-hotkey"] == answer.ganglion["hotkey"], raw.headers
    print("chat:", repr(answer.choices[0].message.content), "by", answer.ganglion)

    streamed, last = "", None
    options = {"include_usage": True}
    for piece in client.chat.completions.create(
        model=model, messages=messages, max_tokens=8, temperature=0, stream=True, stream_options=options
    ):
        if piece.choices:
            streamed += piece.choices[0].delta.content or ""
        last = piece
    assert streamed == answer.choices[0].message.content, (streamed, answer)
    assert last.usage.completion_tokens == usage.completion_tokens, last
    print("streamed: the same, usage", last.usage.total_tokens)

    text = client.completions.create(model=model, prompt="Once upon a", max_tokens=4, temperature=0)
    print("completion:", repr(text.choices[0].text))

    expect(openai.AuthenticationError, openai.OpenAI(base_url=base_url, api_key="sk-no").models.list)
    expect(openai.NotFoundError, lambda: client.chat.completions.create(model="none", messages=messages))
    expect(openai.BadRequestError, lambda: client.chat.completions.create(model=model, messages=messages, n=2))
    # Whether anybody makes embeddings depends on the subnet: vectors or a clear refusal are fine.
    try:
        print("embedding:", len(client.embeddings.create(model=model, input="text", encoding_format="float").data[0].embedding))
    except openai.InternalServerError as error:
        assert error.status_code == 501, error
        print("embeddings:", error.body["message"])
    print("all is well")


def expect(kind: type[openai.APIStatusError], call) -> None:
    try:
        call()
    except kind as error:
        print(f"{kind.__name__}: {error.body['message']}")
        return
    sys.exit(f"{kind.__name__} was expected")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2])
