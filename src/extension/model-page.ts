/** The page about a model: what its files, the catalogue and its own card say, as Markdown that loads nothing from anywhere. */

import { t } from '@vscode/l10n';
import type { CatalogModel } from '../models/catalog.ts';
import type { ModelFacts } from '../protocol/obtain.ts';
import { numberText, roundNumberText, summaryText } from './language.ts';

export interface ModelPage {
  /** As the list of experts calls it. */
  readonly name: string;
  readonly id: string;
  readonly folder: string;
  /** Undefined where the files cannot be read; `why` says so. */
  readonly facts: ModelFacts | undefined;
  readonly why?: string | undefined;
  readonly catalogued?: CatalogModel | undefined;
  /** Where it was fetched from, and when. */
  readonly source?: string | undefined;
  /** The text of the README.md in its folder. */
  readonly readme?: string | undefined;
}

export function modelPage({ name, id, folder, facts, why, catalogued, source, readme }: ModelPage): string {
  const { body = '', licence } = readme === undefined ? {} : ownCard(readme);
  const summary = summaryText(catalogued?.summary ?? facts?.summary ?? '');
  const rows: (readonly [string, string | undefined])[] = [
    [t('Expert'), id],
    [t('Licence'), licenceOf(catalogued, facts, licence)],
    [t('Size on the disk'), facts && bytes(facts.bytes)],
    [t('Memory, with its whole context'), facts && t('about {0}', bytes(facts.memoryBytes))],
    [t('Parameters'), catalogued && roundNumberText(catalogued.parameters)],
    [t('Context'), facts && t('{0} tokens', numberText(facts.contextLength))],
    [t('Can'), facts && abilities(facts)],
    [t('Runs as'), facts && t('{0}, from {1}', facts.precision, formatText(facts.format))],
    [t('Adapter of'), facts?.base],
    [
      t('Vocabulary'),
      facts && t('{0} tokens, SHA-256 {1}', numberText(facts.vocabulary), facts.vocabularyHash),
    ],
    [t('Source'), source],
    [t('Place'), folder],
  ];
  const table = rows.flatMap(([what, value]) =>
    value === undefined || value === '' ? [] : [`| ${what} | ${plain(value)} |`],
  );
  return [
    `# ${plain(name)}`,
    ...(summary === '' ? [] : [plain(summary)]),
    ...(why === undefined ? [] : [`**${t('It cannot be used.')}** ${plain(why)}`]),
    ['| | |', '|---|---|', ...table].join('\n'),
    t('Experts whose vocabularies are the same are mixed token by token, others byte by byte.'),
    ...(body === '' ? [] : ['---', harmless(body)]),
    '',
  ].join('\n\n');
}

function formatText(format: ModelFacts['format']): string {
  switch (format) {
    case 'onnx':
      return t('a graph (ONNX)');
    case 'safetensors':
      return 'safetensors';
    case 'gguf':
      return t('a GGUF file');
    default:
      return format satisfies never;
  }
}

function licenceOf(
  catalogued: CatalogModel | undefined,
  facts: ModelFacts | undefined,
  own: string | undefined,
): string {
  if (catalogued !== undefined) return `${catalogued.licence.spdx}, ${catalogued.licence.link}`;
  return facts?.licence || own || t('its files do not say');
}

function abilities({ chat, infill }: ModelFacts): string {
  const can = [
    t('continue a text'),
    ...(infill ? [t('fill in between what stands before and after the cursor')] : []),
    ...(chat ? [t('chat')] : []),
  ];
  return can.join(t(', '));
}

function bytes(count: number): string {
  return count < 1e9
    ? t('{0} MB', Math.max(1, Math.round(count / 1e6)))
    : t('{0} GB', (count / 1e9).toFixed(1));
}

/** As it is in a cell of a table, or in a line. */
function plain(text: string): string {
  return text.replaceAll(/\s+/g, ' ').replaceAll(/[\\`*_{}[\]<>()#+!|~$]/g, '\\$&');
}

/** A model's card without the block of settings on top, of which the licence is taken. */
function ownCard(text: string): { readonly body: string; readonly licence: string | undefined } {
  const [head = '', settings = ''] = /^\uFEFF?---\r?\n([\s\S]*?)\r?\n---[ \t]*(?:\r?\n|$)/.exec(text) ?? [];
  const licence = /^license:[ \t]*["']?([\w.+-]{1,60})/m.exec(settings)?.[1];
  return { body: text.slice(head.length).trim(), licence };
}

const layoutTags =
  /<\/?(?:a|b|br|center|details|div|em|figure|h[1-6]|hr|i|img|p|picture|small|source|span|strong|sub|summary|sup|table|tbody|td|th|thead|tr|u|video)\b[^<>]*>/gi;

/** Looks like nothing, and keeps two characters from meaning something together. */
const JOINER = '\u2060';

/** Pictures would be loaded from anywhere, and HTML can hold them too: neither is left, in whatever form. */
function harmless(text: string): string {
  return text
    .replaceAll(layoutTags, '')
    .replaceAll('![', `!${JOINER}[`)
    .replaceAll(/<(?=[a-z/!?])/gi, `<${JOINER}`);
}
