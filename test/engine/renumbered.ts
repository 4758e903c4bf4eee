/** The code expert under another numbering of its tokens: another vocabulary, the same distribution over text. */

import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pocket } from '../programs.ts';

/** The tied rows of embedding and output, by token: [4096, ...] each. */
const ROWS = ['lm_head.MatMul.weight_scale', 'lm_head.MatMul.weight_zp', 'lm_head.MatMul.weight_Q8G32'];
const VOCABULARY_ROWS = 4096;

/** Ids of ordinary tokens run backwards; special tokens keep theirs. Gives the folder. */
export function renumberedModel(folder: string): string {
  const tokenizer = JSON.parse(readFileSync(join(pocket('code'), 'tokenizer.json'), 'utf8')) as {
    added_tokens: { id: number }[];
    model: { vocab: Record<string, number> };
  };
  const count = Math.min(...tokenizer.added_tokens.map(({ id }) => id));
  const renumbered = (id: number): number => (id < count ? count - 1 - id : id);
  const { vocab } = tokenizer.model;
  for (const [token, id] of Object.entries(vocab)) vocab[token] = renumbered(id);
  mkdirSync(join(folder, 'onnx'));
  for (const file of ['config.json', 'tokenizer_config.json', 'chorus.json']) {
    symlinkSync(join(pocket('code'), file), join(folder, file));
  }
  writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify(tokenizer));

  const graph = readFileSync(join(pocket('code'), 'onnx', 'model_q4.onnx'));
  const found = [...initializers(graph)].filter(({ name }) => ROWS.includes(name));
  if (found.length !== ROWS.length) throw new Error('the graph of the code expert has changed');
  for (const { data } of found) {
    const before = Buffer.from(data);
    const row = data.length / VOCABULARY_ROWS;
    for (let id = 0; id < VOCABULARY_ROWS; id++) {
      before.copy(data, renumbered(id) * row, id * row, (id + 1) * row);
    }
  }
  writeFileSync(join(folder, 'onnx', 'model_q4.onnx'), graph);
  return folder;
}

/** The initializers of a model in ONNX's protobuf, as views: ModelProto.graph is field 7, GraphProto.initializer field 5. */
function* initializers(model: Buffer): Generator<{ readonly name: string; readonly data: Buffer }> {
  for (const graph of fields(model)) {
    if (graph.number !== 7) continue;
    for (const tensor of fields(graph.bytes)) {
      if (tensor.number !== 5) continue;
      const parts = [...fields(tensor.bytes)];
      const name = parts.find(({ number }) => number === 8);
      const data = parts.find(({ number }) => number === 9);
      if (name !== undefined && data !== undefined) yield { name: name.bytes.toString(), data: data.bytes };
    }
  }
}

/** The length-delimited fields of a protobuf message; others are skipped. */
function* fields(message: Buffer): Generator<{ readonly number: number; readonly bytes: Buffer }> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = message[at++] ?? 0;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < message.length) {
    const key = varint();
    switch (key & 7) {
      case 0:
        varint();
        break;
      case 1:
        at += 8;
        break;
      case 2: {
        const length = varint();
        yield { number: key >>> 3, bytes: message.subarray(at, at + length) };
        at += length;
        break;
      }
      default:
        at += 4;
    }
  }
}
