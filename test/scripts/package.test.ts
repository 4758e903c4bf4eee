import { describe, expect, test } from 'vitest';
import { checkContents } from '../../scripts/package.mjs';
import { listZip } from '../../scripts/zip.mjs';

const native = 'linux/x64/onnxruntime_binding.node';
const natives = 'extension/node_modules/onnxruntime-node/bin/napi-v6';
const models = ['general', 'code', 'math'].flatMap((name) => [
  `extension/models/pocket/${name}/onnx/model_q4.onnx`,
  `extension/models/pocket/${name}/tokenizer.json`,
]);
const adapters = ['code', 'math'].flatMap((name) =>
  ['adapter_config.json', 'adapter_model.safetensors', 'chorus.json'].map(
    (file) => `extension/models/adapters/smollm2-135m-${name}/${file}`,
  ),
);
const good = [
  'extension.vsixmanifest',
  'extension/package.json',
  'extension/package.nls.json',
  'extension/package.nls.ja.json',
  'extension/l10n/bundle.l10n.ja.json',
  'extension/dist/extension.js',
  'extension/dist/engine.js',
  'extension/dist/worker.js',
  'extension/dist/device-check.js',
  'extension/dist/merge.js',
  'extension/dist/maths.js',
  'extension/dist/template-process.js',
  'extension/dist/watchdog.js',
  ...['tree-sitter', 'tree-sitter-typescript', 'tree-sitter-tsx', 'tree-sitter-python'].map(
    (name) => `extension/dist/${name}.wasm`,
  ),
  'extension/dist/THIRD_PARTY_NOTICES.txt',
  'extension/dist/media/chat.js',
  'extension/node_modules/onnxruntime-node/dist/index.js',
  'extension/node_modules/onnxruntime-common/dist/cjs/index.js',
  ...models,
  ...adapters,
  `${natives}/${native}`,
];

describe('the contents of a VSIX', () => {
  test('what it needs and nothing else is accepted', () => {
    expect(() => checkContents(good, [native])).not.toThrow();
  });

  test.each([
    'extension/src/extension/main.ts',
    'extension/test/core/pool.test.js',
    'extension/dist/engine.js.map',
    'extension/node_modules/onnxruntime-node/dist/index.d.ts',
    'extension/models/pocket/math/onnx/model.onnx',
    'extension/node_modules/adm-zip/adm-zip.js',
    `${natives}/win32/x64/onnxruntime.dll`,
    `${natives}/linux/arm64/libonnxruntime.so.1`,
    'extension/dist/other.node',
  ])('%s is refused by name', (entry) => {
    expect(() => checkContents([...good, entry], [native])).toThrow(entry);
  });

  test.each(good.slice(1))('it is refused where %s is missing', (entry) => {
    const rest = good.filter((other) => other !== entry);
    expect(() => checkContents(rest, [native])).toThrow(`lacks files that it needs:\n  ${entry}`);
  });
});

describe('a zip file', () => {
  const entry = (name: string) => {
    const header = Buffer.alloc(46);
    header.writeUInt32LE(0x02014b50, 0);
    header.writeUInt16LE(Buffer.byteLength(name), 28);
    return Buffer.concat([header, Buffer.from(name)]);
  };
  const zip = (names: readonly string[]) => {
    const directory = Buffer.concat(names.map(entry));
    const end = Buffer.alloc(22);
    end.writeUInt32LE(0x06054b50, 0);
    end.writeUInt16LE(names.length, 10);
    return Buffer.concat([directory, end]);
  };

  test('lists its entries in order', () => {
    const names = ['a.txt', 'folder/ünïcode.json'];
    expect(listZip(zip(names))).toEqual(names);
  });

  test('is refused where it is cut short or damaged', () => {
    const whole = zip(['a.txt', 'b.txt']);
    expect(() => listZip(whole.subarray(0, -22))).toThrow('Not a zip file');
    whole.writeUInt8(0, 46 + 5);
    expect(() => listZip(whole)).toThrow('Damaged zip file');
  });
});
