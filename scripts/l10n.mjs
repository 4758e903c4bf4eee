// `npm run l10n`: reads what users read out of the extension's code, writes l10n/bundle.l10n.json, takes what no code uses any more
// out of the translations, and ends with a list of what they lack. test/scripts/l10n.test.ts holds the same faults to none.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { isScript, main, root } from './process.mjs';

const bundlePath = (language) =>
  join(root, 'l10n', `bundle.l10n${language === undefined ? '' : `.${language}`}.json`);
const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'));

/** The first arguments of all `t('…')` in src/extension and media, and the catalogue's summaries, sorted. Throws where one is no plain string. */
export function messagesOfCode() {
  const found = ['src/extension', 'media'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true })
      .filter((name) => name.endsWith('.ts'))
      // A page has its words before any file of it that says one.
      .flatMap((name) =>
        messagesOf(name, readFileSync(join(root, folder, name), 'utf8'), { atOnce: folder === 'media' }),
      ),
  );
  const { models, mixes } = readJson(join(root, 'models', 'catalog.json'));
  const summaries = [...models, ...mixes].map(({ summary }) => summary);
  return [...new Set([...found, ...summaries])].sort();
}

/** The same of one file's text. Throws too where one is said as the file is loaded, but for `atOnce`: no language is chosen yet then. */
export function messagesOf(name, text, { atOnce = false } = {}) {
  const messages = [];
  const file = ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true);
  const visit = (node, isInFunction) => {
    if (ts.isCallExpression(node) && ['t', 'l10n.t'].includes(node.expression.getText(file))) {
      const [message] = node.arguments;
      const place = `${name}, line ${file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1}`;
      if (message === undefined || !ts.isStringLiteralLike(message))
        throw new Error(`${place}: t() takes a plain string first, so that it can be translated.`);
      if (!isInFunction)
        throw new Error(`${place}: t() is called before the language is known. Call it in a function.`);
      messages.push(message.text);
    }
    ts.forEachChild(node, (child) => visit(child, isInFunction || ts.isFunctionLike(node)));
  };
  visit(file, atOnce);
  return messages;
}

/** The keys that the manifest names. */
export function keysOf(manifest) {
  return [...JSON.stringify(manifest).matchAll(/"%([^"%]+)%"/g)].map(([, key]) => key);
}

/** What is wrong with a translation of `words`: sentences. Both are objects of words by keys. */
export function faultsOf(words, translation, name) {
  const own = (key) => Object.hasOwn(translation, key);
  return [
    ...Object.keys(words).flatMap((key) => (own(key) ? [] : [`${name} lacks: ${key}`])),
    ...Object.keys(translation).flatMap((key) =>
      Object.hasOwn(words, key) ? [] : [`${name} has what nothing uses: ${key}`],
    ),
    ...Object.entries(words).flatMap(([key, word]) =>
      own(key) && marksOf(word) !== marksOf(translation[key])
        ? [`${name} differs in placeholders, commands, settings or icons: ${key}`]
        : [],
    ),
  ];
}

/** What a translation must keep as it is: placeholders, icons, links to commands, settings. */
function marksOf(text) {
  const marks = /\{\d+\}|\$\([a-z~-]+\)|\]\([^)]*\)|#?chorus(?:\.\w+)+#?/g;
  return (text.match(marks) ?? []).sort().join(' ');
}

/**
 * Sentences that call a command otherwise than the manifest in the same language does. `words` and `translation` are objects of
 * words by keys, `titles` and `translated` the manifest's titles of commands by theirs.
 */
export function misnamed(words, translation, { titles, translated }) {
  return Object.entries(words).flatMap(([key, word]) =>
    Object.entries(titles)
      .filter(([, title]) => ['"', '*'].some((mark) => word.includes(`${mark}Chorus: ${title}${mark}`)))
      .filter(([id]) => !translation[key]?.includes(`Chorus: ${translated[id]}`))
      .map(([id]) => `The translation should call the command "Chorus: ${translated[id]}": ${key}`),
  );
}

/** The titles of the commands by their keys, of package.nls.json or a translation of it. */
function titlesOf(nls) {
  return Object.fromEntries(Object.entries(nls).filter(([key]) => /^command\.\w+$/.test(key)));
}

/** All that is wrong with the Japanese words, of the code and of the manifest. */
export function faultsInJapanese() {
  const [nls, japanese] = ['package.nls.json', 'package.nls.ja.json'].map((name) =>
    readJson(join(root, name)),
  );
  const commands = { titles: titlesOf(nls), translated: titlesOf(japanese) };
  const words = Object.fromEntries(messagesOfCode().map((message) => [message, message]));
  const bundle = readJson(bundlePath('ja'));
  return [
    ...faultsOf(words, bundle, 'bundle.l10n.ja.json'),
    ...misnamed(words, bundle, commands),
    ...faultsOf(nls, japanese, 'package.nls.ja.json'),
    ...misnamed(nls, japanese, commands),
  ];
}

function writeBundles() {
  const messages = messagesOfCode();
  const write = (path, pairs) =>
    writeFileSync(path, `${JSON.stringify(Object.fromEntries(pairs), undefined, 2)}\n`);
  write(
    bundlePath(),
    messages.map((message) => [message, message]),
  );
  const before = readJson(bundlePath('ja'));
  const known = messages.filter((message) => Object.hasOwn(before, message));
  write(
    bundlePath('ja'),
    known.map((message) => [message, before[message]]),
  );
  console.log(`${messages.length} strings, ${known.length} of them in Japanese`);
}

if (isScript(import.meta.url)) {
  await main(() => {
    writeBundles();
    const faults = faultsInJapanese();
    if (faults.length > 0) throw new Error(faults.join('\n'));
  });
}
