/** The page about a model: what its files, the catalogue and its own card say, as Markdown that loads nothing from anywhere. */

import type { CatalogModel } from '../models/catalog.ts';
import type { ModelFacts } from '../protocol/obtain.ts';

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
  const summary = catalogued?.summary ?? facts?.summary ?? '';
  const rows: (readonly [string, string | undefined])[] = [
    ['Expert', id],
    ['Licence', licenceOf(catalogued, facts, licence)],
    ['Size on the disk', facts && bytes(facts.bytes)],
    ['Memory, with its whole context', facts && `about ${bytes(facts.memoryBytes)}`],
    ['Parameters', catalogued && `${(catalogued.parameters / 1e6).toLocaleString('en')} million`],
    ['Context', facts && `${facts.contextLength.toLocaleString('en')} tokens`],
    ['Can', facts && abilities(facts)],
    ['Runs as', facts && `${facts.precision}, from ${formats[facts.format]}`],
    ['Adapter of', facts?.base],
    [
      'Vocabulary',
      facts && `${facts.vocabulary.toLocaleString('en')} tokens, SHA-256 ${facts.vocabularyHash}`,
    ],
    ['Source', source],
    ['Place', folder],
  ];
  const table = rows.flatMap(([what, value]) =>
    value === undefined || value === '' ? [] : [`| ${what} | ${plain(value)} |`],
  );
  return [
    `# ${plain(name)}`,
    ...(summary === '' ? [] : [plain(summary)]),
    ...(why === undefined ? [] : [`**It cannot be used:** ${plain(why)}`]),
    ['| | |', '|---|---|', ...table].join('\n'),
    'Experts whose vocabularies are the same are mixed token by token, others byte by byte.',
    ...(body === '' ? [] : ['---', harmless(body)]),
    '',
  ].join('\n\n');
}

const formats = { onnx: 'a graph (ONNX)', safetensors: 'safetensors', gguf: 'a GGUF file' } as const;

function licenceOf(
  catalogued: CatalogModel | undefined,
  facts: ModelFacts | undefined,
  own: string | undefined,
): string {
  if (catalogued !== undefined) return `${catalogued.licence.spdx}, ${catalogued.licence.link}`;
  return facts?.licence || own || 'its files do not say';
}

function abilities({ chat, infill }: ModelFacts): string {
  const can = [
    'continue a text',
    ...(infill ? ['fill in between what stands before and after the cursor'] : []),
    ...(chat ? ['chat'] : []),
  ];
  return can.join(', ');
}

function bytes(count: number): string {
  return count < 1e9 ? `${Math.max(1, Math.round(count / 1e6))} MB` : `${(count / 1e9).toFixed(1)} GB`;
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
