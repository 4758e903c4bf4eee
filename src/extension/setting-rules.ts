/** What each setting of Chorus may be and what stands in for a bad value. The manifest is checked against this table. */

import { isAbsolute } from 'node:path';
import { t } from '@vscode/l10n';
import type { DeviceSetting, Precision, RouteSetting, WeightingSetting } from '../protocol/engine.ts';
import type { MultilineMode } from '../text/ghost.ts';

export interface SettingRule<T> {
  readonly fallback: T;
  /** Completes "which is not ...". */
  readonly expected: () => string;
  /** The value in its own type, or undefined where it is not valid. */
  readonly parse: (value: unknown) => T | undefined;
}

export type PoolName = 'linear' | 'geometric' | 'power';

const weightings = ['fixed', 'prompt', 'fixedShare', 'adaptive', 'confidence'] as const;

/** Of an expert's name, in characters. */
export const LONGEST_NAME = 60;
/** Only ratios count, and this leaves room for any. */
export const MOST_WEIGHT = 1e6;
/** Of the instructions before a conversation, in characters: they take room in every expert's context. */
const LONGEST_INSTRUCTIONS = 10_000;

const weights = record(isWeight, () => t('an object of names of experts to numbers from 0 to 1000000'));

/** What a mix is made of: these are saved together under a name. */
const mixRules = {
  'completion.weights': weights,
  'completion.weighting': choice<WeightingSetting | 'same'>('same', ['same', ...weightings]),
  'experts.active': list(['pocket/code', 'pocket/math'], isName, () => t('a list of names of experts')),
  'experts.weights': weights,
  'mix.pool': choice<PoolName>('linear', ['linear', 'geometric', 'power']),
  'mix.power': rule(0.5, () => t('a number above 0 and up to 1'), isExponent),
  'mix.weighting': choice<WeightingSetting>('adaptive', weightings),
  'chat.weights': weights,
  'chat.weighting': choice<WeightingSetting | 'same'>('same', ['same', ...weightings]),
} as const;

type MixSettingName = keyof typeof mixRules;

export const mixSettingNames = Object.keys(mixRules) as readonly MixSettingName[];

/** What a mix sets; what it leaves out stays as it is. */
export type SavedMix = { readonly [N in MixSettingName]?: (typeof mixRules)[N]['fallback'] };

const usualSecretFiles = [
  '.env',
  '.env.*',
  '*.env',
  '.envrc',
  '*.pem',
  '*.key',
  '*.p12',
  '*.pfx',
  '*.jks',
  '*.keystore',
  '*.kdbx',
  '*.ppk',
  'id_rsa*',
  'id_dsa*',
  'id_ecdsa*',
  'id_ed25519*',
  '.npmrc',
  '.pypirc',
  '.netrc',
  '_netrc',
  '.git-credentials',
  '.htpasswd',
  '.pgpass',
  'credentials',
  'credentials.json',
  'secrets.{json,yaml,yml,toml}',
  '*.tfstate',
  '**/.ssh/**',
  '**/.aws/**',
  '**/.gnupg/**',
  '**/.kube/config',
  '**/.docker/config.json',
] as const;

/** The settings by their names after `chorus.`. */
export const settingRules = {
  ...mixRules,
  'completion.enabled': flag(true),
  'completion.debounce': whole(150, 0, 2000),
  'completion.multiline': choice<MultilineMode>('auto', ['auto', 'never', 'always']),
  'completion.maxTokens': whole(64, 1, 1024),
  'completion.onBattery': choice<'on' | 'off'>('on', ['on', 'off']),
  'completion.minConfidence': rule(0, () => t('a number from 0 to 1'), isShare),
  'completion.minAgreement': rule(0, () => t('a number from 0 to 1'), isShare),
  'completion.context': flag(false),
  'completion.languages': record(isFlag, () => t('an object of language names to true or false')),
  'mix.route': choice<RouteSetting>('never', ['never', 'auto']),
  'mix.memoryLimit': whole(0, 0, 1_000_000),
  'engine.device': choice<DeviceSetting>('auto', ['auto', 'cpu', 'webgpu', 'cuda', 'directml', 'coreml']),
  'engine.unloadAfterMinutes': whole(30, 0, 1440),
  'mix.saved': savedMixes(),
  'experts.names': record(isShort, () =>
    t('an object of names of experts to names of at most 60 characters'),
  ),
  'models.bases': record(isFolder, () => t('an object of names of experts to absolute paths of folders')),
  'models.folders': list([], isFolder, () => t('a list of absolute paths of folders')),
  'models.contextLimit': whole(0, 0, 1_000_000),
  'models.hub': rule('', () => t('the address of a hub, or empty'), isAddress),
  'models.pip': rule('', () => t('text'), isText),
  'models.offline': flag(false),
  'models.precision': choice<Precision>('auto', ['auto', 'fp32', 'q8', 'q4']),
  'chat.maxTokens': whole(256, 1, 8192),
  'chat.temperature': rule(0, () => t('a number from 0 to 2'), isTemperature),
  'chat.systemPrompt': rule('', () => t('text of at most 10000 characters'), areInstructions),
  'chat.history': flag(true),
  secretFiles: list(usualSecretFiles, isName, () => t('a list of patterns for names or paths of files')),
  'editor.codeActions': flag(true),
} as const;

export type SettingName = keyof typeof settingRules;
export type SettingValue<N extends SettingName> = (typeof settingRules)[N]['fallback'];
export type SettingValues = { readonly [N in SettingName]: SettingValue<N> };

export interface CheckedSettings {
  readonly values: SettingValues;
  /** A sentence for each setting whose value cannot be used. */
  readonly problems: readonly string[];
}

/** What stands in for what is not written, in place of a rule's own; it may depend on who takes part. */
export type Fallbacks = (active: readonly string[] | undefined) => Partial<SettingValues>;

/** `raw` gives what is written for a name, undefined where nothing is. */
export function checkSettings(
  raw: (name: SettingName) => unknown,
  fallbacks: Fallbacks = () => ({}),
): CheckedSettings {
  const problems: string[] = [];
  const read = (name: SettingName, own: Partial<SettingValues>): unknown => {
    const { parse, fallback: usual, expected }: SettingRule<unknown> = settingRules[name];
    const fallback = own[name] ?? usual;
    const value = raw(name);
    const parsed = value === undefined ? fallback : parse(value);
    if (parsed !== undefined) return parsed;
    problems.push(
      t(
        'The setting chorus.{0} is {1}, which is not {2}. Correct it in the settings; until then {3} is used.',
        name,
        brief(value),
        expected(),
        brief(fallback),
      ),
    );
    return fallback;
  };
  const written = raw('experts.active');
  const own = fallbacks(written === undefined ? undefined : settingRules['experts.active'].parse(written));
  const names = Object.keys(settingRules) as SettingName[];
  const values = Object.fromEntries(names.map((name) => [name, read(name, own)])) as SettingValues;
  return { values, problems };
}

function rule<T>(fallback: T, expected: () => string, fits: (value: unknown) => value is T): SettingRule<T> {
  return { fallback, expected, parse: (value) => (fits(value) ? value : undefined) };
}

function flag(fallback: boolean): SettingRule<boolean> {
  return rule(fallback, () => t('true or false'), isFlag);
}

function whole(fallback: number, least: number, most: number): SettingRule<number> {
  const fits = (value: unknown): value is number =>
    isNumber(value) && Number.isInteger(value) && value >= least && value <= most;
  return rule(fallback, () => t('a whole number from {0} to {1}', least, most), fits);
}

function choice<T extends string>(fallback: T, all: readonly T[]): SettingRule<T> {
  const expected = (): string => t('one of {0}', all.map((one) => `"${one}"`).join(t(', ')));
  return { fallback, expected, parse: (value) => all.find((one) => one === value) };
}

function list(
  fallback: readonly string[],
  fits: (value: unknown) => value is string,
  expected: () => string,
): SettingRule<readonly string[]> {
  const parse = (value: unknown): readonly string[] | undefined =>
    Array.isArray(value) && value.every(fits) ? [...new Set(value)] : undefined;
  return { fallback, expected, parse };
}

function record<T>(
  fits: (value: unknown) => value is T,
  expected: () => string,
): SettingRule<Readonly<Record<string, T>>> {
  const parse = (value: unknown): Readonly<Record<string, T>> | undefined => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    const entries = Object.entries(value);
    return entries.every((entry): entry is [string, T] => fits(entry[1]))
      ? Object.fromEntries(entries)
      : undefined;
  };
  return { fallback: {}, expected, parse };
}

function savedMixes(): SettingRule<Readonly<Record<string, SavedMix>>> {
  const isMix = (value: unknown): value is SavedMix =>
    typeof value === 'object' &&
    value !== null &&
    Object.entries(value).every(([name, set]) => {
      const known = mixSettingNames.find((one) => one === name);
      return known !== undefined && mixRules[known].parse(set) !== undefined;
    });
  return record(isMix, () => t('an object of names to settings of a mix'));
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function isWeight(value: unknown): value is number {
  return isNumber(value) && value >= 0 && value <= MOST_WEIGHT;
}

function isExponent(value: unknown): value is number {
  return isNumber(value) && value > 0 && value <= 1;
}

function isShare(value: unknown): value is number {
  return isNumber(value) && value >= 0 && value <= 1;
}

function isTemperature(value: unknown): value is number {
  return isNumber(value) && value >= 0 && value <= 2;
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function areInstructions(value: unknown): value is string {
  return isText(value) && value.length <= LONGEST_INSTRUCTIONS;
}

function isFlag(value: unknown): value is boolean {
  return typeof value === 'boolean';
}

function isName(value: unknown): value is string {
  return isText(value) && value.trim() !== '';
}

function isShort(value: unknown): value is string {
  return isName(value) && value.length <= LONGEST_NAME;
}

function isFolder(value: unknown): value is string {
  return isText(value) && isAbsolute(value);
}

function isAddress(value: unknown): value is string {
  if (!isText(value)) return false;
  return value === '' || (URL.canParse(value) && /^https?:$/.test(new URL(value).protocol));
}

function brief(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length <= 80 ? text : `${text.slice(0, 77)}...`;
}
