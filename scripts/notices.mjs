// The licences of what is bundled, for THIRD_PARTY_NOTICES.txt: read from the packages that the bundler really used.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Packages whose files ship beside the bundle rather than in it. */
const shipped = ['onnxruntime-node', 'onnxruntime-common'];

/** The text of the notices. `metafiles` are esbuild's; throws where a package does not name its licence. */
export function notices(root, metafiles) {
  const bundled = metafiles.flatMap(({ inputs }) => Object.keys(inputs)).flatMap(packageOf);
  const names = [...new Set([...bundled, ...shipped])].sort();
  const parts = names.map((name) => notice(join(root, 'node_modules', name), name));
  return `Chorus contains the following software, each under its own licence.\n\n${parts.join('\n')}`;
}

function packageOf(path) {
  const name = /(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules)/.exec(path)?.[1];
  return name === undefined ? [] : [name];
}

function notice(folder, name) {
  const { version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  if (!license) throw new Error(`${name} names no licence in its package.json, so it cannot be bundled.`);
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
  const text =
    file && existsSync(join(folder, file)) ? `\n${readFileSync(join(folder, file), 'utf8').trim()}\n` : '';
  return `${'='.repeat(80)}\n${name} ${version} (${license})\n${text}`;
}
