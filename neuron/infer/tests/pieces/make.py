"""Writes what SentencePiece itself makes of many texts, for the tests of `src/tokenizer`.

    python3 -m venv venv && venv/bin/pip install sentencepiece protobuf 'transformers<5'
    venv/bin/python make.py train small.model ../../../../*.md   # a small vocabulary, of our own texts
    venv/bin/python make.py write small.model small.json 100
    venv/bin/python make.py write tokenizer.model vectors.json 800    # a real one
    SENTENCE_PIECE_VECTORS=vectors.json cargo test -p neuron-infer real_vocabularies -- --ignored --nocapture

`small.json` beside this file was made so. Tokens of texts come from `sentencepiece`; those of texts with special tokens, and
of the newer rule for spaces, from the `tokenizers` library on what `transformers` makes of the same file.
"""

import json
import random
import sys

import sentencepiece
from sentencepiece import sentencepiece_model_pb2
from tokenizers import Tokenizer
from transformers import LlamaTokenizer
from transformers.convert_slow_tokenizer import LlamaConverter

PLAIN = [
    "", " ", "  ", "   ", "a", " a", "a ", " a ", "  a  b  ", "\n", "\n\n", "\t", " \n ", "a\nb", "a\r\nb\tc", "▁", "▁▁a", "a▁b",
    "Hello", "Hello, world!", "the then there", "antidisestablishmentarianism", "don't I'll we've", "x = y*(z+1); // ok", "1234567890",
    "3.14159 1,000,000 0x1F", "naïve café Zürich", "Ωμέγα", "Привет, мир", "日本語のテキスト", "你好,世界", "한국어", "עברית", "العربية",
    "🙂", "a🙂b", "👩‍👩‍👧‍👦 family", "e\u0301", "\u00a0", "a\u00a0b", "\u200b", "\u3000", "\ufeffBOM", "\u0000", "\u0001\u007f", "𝔘𝔫𝔦", "\U0010ffff",
    "<0x0A>", "<0x41> <0x", "<unk", "< s >", "a" * 300, "ab" * 150, " " * 100, "=" * 80, "-" * 33, "_" * 17, "aaaa bbbb " * 20, "é" * 40, "漢" * 40,
    "def f(x):\n    return x\n\n\nclass A:\n\tpass\n", "https://example.org/a?b=c&d=%20#e", "{\"key\": [1, 2, null]}", "I saw   three    spaces",
    "The quick brown fox jumps over the lazy dog.", "Supercalifragilisticexpialidocious pneumonoultramicroscopicsilicovolcanoconiosis",
    "MiXeD CaSe TeXt", "tab\tseparated\tvalues", "trailing newline\n", "trailing spaces   ", "\n leading", "…—“quotes”‘’", "½ ² ³ ™ ©",
]
SPECIAL = [
    "<s>", "</s>", "<s>a", "<s> a", "a</s>", "a </s> b", "a</s>b", "<s></s>", "</s>\n<s>", "<s>[INST] Hi [/INST]", "<s> [INST] Hi [/INST] Ho</s>[INST] x [/INST]",
    "[INST]a[/INST]b", " <s> ", "<unk>", "a<unk>b", "<s>\n", "<s>  two", "é</s>é", "<s>▁a", "</s></s>  </s>",
]
ALPHABETS = ["ab ", "abcdefghijklmnopqrstuvwxyz   ", "eatinos rhl", "ABCabc012 .,;:!?()[]{}<>/\\|'\"`~@#$%^&*-_=+\n\t", "aéèüßñçø ", "漢字かなカナ ab", "🙂🚀👍é a", "\u0000\u0001\u0080\u07ff\u0800\uffee a", "▁ a"]


def texts(count):
    draws = random.Random(7)
    words = " ".join(PLAIN).split()
    made = list(PLAIN)
    while len(made) < count:
        if draws.random() < 0.5:
            alphabet = draws.choice(ALPHABETS)
            made.append("".join(draws.choice(alphabet) for _ in range(draws.randint(1, 60))))
        else:
            chosen = [draws.choice(words)[:40] for _ in range(draws.randint(1, 12))]
            made.append(draws.choice([" ", "  ", "\n", ""]).join(chosen))
    return made[:count]


def tokenizer(path, legacy):
    slow = LlamaTokenizer(path, legacy=legacy)
    made = json.loads(LlamaConverter(slow).converted().to_str())
    # As in the files that models come with.
    if all(entry["id"] != 0 for entry in made["added_tokens"]):
        made["added_tokens"].insert(0, made["added_tokens"][0] | {"id": 0, "content": "<unk>"})
    return made


def train(path, files):
    sentencepiece.SentencePieceTrainer.train(
        input=",".join(files), model_prefix=path.removesuffix(".model"), model_type="bpe", vocab_size=460, byte_fallback=True,
        character_coverage=0.997, normalization_rule_name="identity", add_dummy_prefix=True, remove_extra_whitespaces=False,
        allow_whitespace_only_pieces=True, split_digits=True, num_threads=1, control_symbols=["[INST]", "[/INST]"],
    )


def write(path, out, count):
    proto = sentencepiece_model_pb2.ModelProto()
    with open(path, "rb") as file:
        proto.ParseFromString(file.read())
    own = sentencepiece.SentencePieceProcessor(model_file=path)
    legacy, newer = tokenizer(path, True), tokenizer(path, False)
    old_rule, new_rule = (Tokenizer.from_str(json.dumps(json_)) for json_ in (legacy, newer))
    ids = lambda rule, text: rule.encode(text, add_special_tokens=False).ids
    specials = [entry["content"] for entry in legacy["added_tokens"]]
    kept = [text for text in texts(count) if not any(special in text for special in specials)]
    with open(out, "w") as file:
        json.dump({
            "tokens": [piece.piece for piece in proto.pieces],
            "scores": [piece.score for piece in proto.pieces],
            "token_types": [piece.type for piece in proto.pieces],
            "tokenizer": legacy,
            "newer_pre_tokenizer": newer["pre_tokenizer"],
            "newer_decoder": newer["decoder"],
            # Text, tokens by SentencePiece, tokens by the newer rule, the text that comes back.
            "plain": [[text, own.encode(text), ids(new_rule, text), own.decode(own.encode(text))] for text in kept],
            # Text, tokens by the older rule, tokens by the newer one.
            "special": [[text, ids(old_rule, text), ids(new_rule, text)] for text in SPECIAL],
        }, file, ensure_ascii=False, separators=(",", ":"))
        file.write("\n")
    differ = [text for text in kept if own.encode(text) != ids(old_rule, text)]
    print(len(kept), "texts; SentencePiece and the tokenizers library differ in", len(differ), [text[:40] for text in differ])


if __name__ == "__main__":
    if sys.argv[1] == "train":
        train(sys.argv[2], sys.argv[3:])
    else:
        write(sys.argv[2], sys.argv[3], int(sys.argv[4]))
