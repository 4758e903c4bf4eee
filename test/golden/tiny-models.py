"""
Writes tiny-models.json: what transformers says of tiny decoders, in float32 on the CPU, for the tests of the graphs that Chorus
builds. The weights are no secret of a generator: each is a formula of its tensor's name and its place (`weight` below, and
weightOf in tiny-models.ts), so that the file holds configs and answers only.

    pip install torch==2.8.0 transformers==4.57.6
    python test/golden/tiny-models.py > test/golden/tiny-models.json

Of each position the file has the logits of NAMED tokens, others at each position, and the logarithm of the sum of the exponentials of all.
"""

import json
import math
import sys

import torch
import transformers
from transformers import AutoConfig, AutoModelForCausalLM

NAMED = 6
TOKENS = 180

SIZES = dict(vocab_size=96, hidden_size=32, intermediate_size=48, max_position_embeddings=512, pad_token_id=0, bos_token_id=2,
             eos_token_id=1)
GEMMA = dict(SIZES, model_type="gemma3_text", num_hidden_layers=6, num_attention_heads=4, num_key_value_heads=2, head_dim=16,
             query_pre_attn_scalar=20, sliding_window=24, rope_theta=1000000.0, rope_local_base_freq=10000.0)
QWEN = dict(SIZES, num_hidden_layers=4, num_attention_heads=4, num_key_value_heads=2, use_sliding_window=True, sliding_window=24)
LLAMA = dict(SIZES, model_type="llama", num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2)

CASES = {
    "gemma3": dict(GEMMA, sliding_window_pattern=3),
    # As the larger ones have it: another pattern, and a rotation that is scaled in the layers without a window alone.
    "gemma3 with a scaled rotation": dict(
        GEMMA,
        rope_scaling={"rope_type": "linear", "factor": 8.0},
        layer_types=["sliding_attention", "sliding_attention", "full_attention"] * 2,
        # Longer than a block of the graph, and not a multiple of it.
        sliding_window=77,
        # The width of a head, as in all of them but the largest: a GGUF file does not say it.
        query_pre_attn_scalar=16,
    ),
    "qwen2 with a window": dict(QWEN, model_type="qwen2", max_window_layers=2),
    "qwen3 with a window": dict(
        QWEN, model_type="qwen3", head_dim=12, layer_types=["full_attention", "sliding_attention"] * 2, attention_bias=True
    ),
    "mistral": dict(
        SIZES, model_type="mistral", num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2, head_dim=12, sliding_window=65
    ),
    "llama with biases": dict(LLAMA, attention_bias=True, mlp_bias=True, head_dim=12),
    "llama3 rotation": dict(
        LLAMA,
        rope_theta=500.0,
        rope_scaling={
            "rope_type": "llama3",
            "factor": 8.0,
            "low_freq_factor": 1.0,
            "high_freq_factor": 4.0,
            "original_max_position_embeddings": 64,
        },
        tie_word_embeddings=True,
    ),
    "linear rotation": dict(LLAMA, rope_scaling={"rope_type": "linear", "factor": 4.0}),
    "dynamic rotation": dict(LLAMA, rope_scaling={"rope_type": "dynamic", "factor": 2.0}),
    "yarn rotation": dict(
        LLAMA, rope_scaling={"rope_type": "yarn", "factor": 8.0, "original_max_position_embeddings": 64}, rope_theta=500.0
    ),
    "smollm3": dict(
        SIZES, model_type="smollm3", num_hidden_layers=4, num_attention_heads=4, num_key_value_heads=2, no_rope_layer_interval=4
    ),
}


def weight(name: str, shape: tuple[int, ...], offset: float) -> torch.Tensor:
    """Uniform in [-1, 1) times what keeps a layer's output about as large as its input, plus `offset`."""
    state = 0
    for character in name.encode():
        state = (state * 31 + character) % 2**32
    out = []
    for _ in range(math.prod(shape)):
        state = (state * 1664525 + 1013904223) % 2**32
        out.append((state >> 8) / 2**23 - 1)
    scale = 1.7 / math.sqrt(shape[-1]) if len(shape) == 2 else 0.3
    return torch.tensor(out, dtype=torch.float64).mul(scale).add(offset).float().reshape(shape)


def answer(config_dict: dict) -> dict:
    options = dict(config_dict)
    config = AutoConfig.for_model(options.pop("model_type"), **options)
    model = AutoModelForCausalLM.from_config(config, attn_implementation="eager", dtype=torch.float32).eval()
    gemma = config.model_type == "gemma3_text"
    state = {}
    for name, value in model.state_dict().items():
        norm = name.endswith("norm.weight")
        state[name] = weight(name, tuple(value.shape), 1.0 if norm and not gemma else 0.0)
    if config.tie_word_embeddings:
        state["lm_head.weight"] = state["model.embed_tokens.weight"]
    model.load_state_dict(state)
    tokens = [(i * 37 + (i * i) % 11) % config.vocab_size for i in range(TOKENS)]
    with torch.no_grad():
        logits = model(torch.tensor([tokens]), use_cache=False).logits[0].double()
    sums = torch.logsumexp(logits, -1)
    named = [[round(logits[i, (i * 7 + 13 * j) % config.vocab_size].item(), 5) for j in range(NAMED)] for i in range(TOKENS)]
    written = {key: value for key, value in config.to_diff_dict().items() if key != "transformers_version"}
    tensors = {name: list(value.shape) for name, value in state.items()}
    if config.tie_word_embeddings:
        del tensors["lm_head.weight"]
    return {
        "config": written,
        "tensors": tensors,
        "tokens": tokens,
        "logSumExps": [round(value.item(), 5) for value in sums],
        "named": named,
    }


def main() -> None:
    cases = {name: answer(config) for name, config in CASES.items()}
    versions = f"torch {torch.__version__.split('+')[0]}, transformers {transformers.__version__}"
    lines = [f'"madeWith": {json.dumps(versions)}', '"cases": {']
    each = [f"{json.dumps(name)}: {json.dumps(case, separators=(',', ':'))}" for name, case in cases.items()]
    sys.stdout.write("{" + lines[0] + ",\n" + lines[1] + "\n" + ",\n".join(each) + "\n}}\n")


main()
