import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  commandId,
  commandNames,
  expertsViewId,
  mixViewId,
  modelVendor,
  participantId,
} from '../../src/extension/names.ts';
import { participantCommands } from '../../src/extension/participant-prompt.ts';
import { readyMixes } from '../../src/extension/ready-mixes.ts';
import { checkSettings, type SettingName, settingRules } from '../../src/extension/setting-rules.ts';
import { manifest } from './manifest.ts';

interface Property {
  readonly type: string;
  readonly default: unknown;
  readonly scope: string;
  readonly markdownDescription: string;
  readonly enum?: readonly string[];
  readonly enumDescriptions?: readonly string[];
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
  readonly additionalProperties?: Partial<Pick<Property, 'type' | 'minimum' | 'maximum'>>;
}

const root = new URL('../../', import.meta.url);
const { contributes } = manifest;
const sources = new URL('src/extension/', root);
const code = readdirSync(sources)
  .filter((name) => name.endsWith('.ts'))
  .map((name) => readFileSync(new URL(name, sources), 'utf8'))
  .join('\n');

const properties: Readonly<Record<string, Property>> = Object.assign(
  {},
  ...contributes.configuration.map((section: { properties: object }) => section.properties),
);
const names = Object.keys(settingRules) as SettingName[];
const accepts = (name: SettingName, value: unknown): boolean =>
  checkSettings((asked) => (asked === name ? value : undefined)).problems.length === 0;

describe('the manifest and the code', () => {
  it('have the same commands, all under one category', () => {
    const declared: { command: string; category: string; title: string }[] = contributes.commands;
    expect(declared.map(({ command }) => command).sort()).toEqual(commandNames.map(commandId).sort());
    for (const { category, title } of declared) {
      expect(category).toBe('Chorus');
      expect(title).toMatch(/^[A-Z]/);
    }
  });

  it('name only commands that exist in menus', () => {
    const known = new Set(commandNames.map(commandId));
    const submenus = contributes.submenus.map(({ id }: { id: string }) => id);
    for (const items of Object.values<{ command?: string; submenu?: string }[]>(contributes.menus)) {
      for (const { command, submenu } of items) {
        if (submenu === undefined) expect(known).toContain(command);
        else expect(submenus).toContain(submenu);
      }
    }
    for (const id of submenus) expect(contributes.menus[id].length).toBeGreaterThan(0);
  });

  it('have the same names for what the editor’s own chat offers', () => {
    const [participant] = contributes.chatParticipants;
    expect(participant.id).toBe(participantId);
    expect(participant.commands.map(({ name }: { name: string }) => name)).toEqual([...participantCommands]);
    expect(contributes.languageModelChatProviders.map(({ vendor }: { vendor: string }) => vendor)).toEqual([
      modelVendor,
    ]);
  });

  it('name commands to the user as the manifest titles them', () => {
    const titles = contributes.commands.map(({ title }: { title: string }) => `Chorus: ${title}`);
    const named = [...code.matchAll(/"(Chorus: [^"\n]+)"/g)].map(([, title]) => title);
    expect(named.length).toBeGreaterThan(3);
    for (const title of named) expect(titles).toContain(title);
  });

  it('take no key that the user has other uses for', () => {
    const keys = (contributes.keybindings ?? []) as { key: string; when?: string }[];
    for (const { key, when } of keys) {
      expect(key).not.toMatch(/^(tab|ctrl\+[cxl])$/i);
      expect(when).toBeDefined();
    }
  });

  it('have the same settings with the same defaults', () => {
    expect(Object.keys(properties).sort()).toEqual(names.map((name) => `chorus.${name}`).sort());
    for (const name of names)
      expect(properties[`chorus.${name}`]?.default).toEqual(settingRules[name].fallback);
  });

  it.each(names)('agree on the limits of chorus.%s, which is described', (name) => {
    const property = properties[`chorus.${name}`];
    if (property === undefined) throw new Error(`chorus.${name} is not declared`);
    const { minimum, maximum, exclusiveMinimum } = property;
    expect(property.markdownDescription.length).toBeGreaterThan(20);
    expect(property.scope).toBeDefined();
    expect(accepts(name, property.default)).toBe(true);
    if (property.type === 'integer' || property.type === 'number') expect(maximum).toBeDefined();
    if (minimum !== undefined)
      expect([accepts(name, minimum), accepts(name, minimum - 1)]).toEqual([true, false]);
    if (maximum !== undefined)
      expect([accepts(name, maximum), accepts(name, maximum + 1)]).toEqual([true, false]);
    if (exclusiveMinimum !== undefined) expect(accepts(name, exclusiveMinimum)).toBe(false);
    const { maxLength, additionalProperties: each } = property;
    if (maxLength !== undefined)
      expect([accepts(name, 'x'.repeat(maxLength)), accepts(name, 'x'.repeat(maxLength + 1))]).toEqual([
        true,
        false,
      ]);
    if (each?.type === 'number') {
      const { minimum: least = Number.NaN, maximum: most = Number.NaN } = each;
      const verdicts = [least - 1, least, most, most + 1].map((value) => accepts(name, { one: value }));
      expect(verdicts).toEqual([false, true, true, false]);
    }
    if (property.enum !== undefined) {
      expect(property.enumDescriptions).toHaveLength(property.enum.length);
      for (const value of property.enum) expect(accepts(name, value)).toBe(true);
      expect(accepts(name, 'something else')).toBe(false);
    }
  });

  it('name only settings that exist in descriptions and sentences', () => {
    const text = `${code}\n${JSON.stringify(contributes.configuration)}`;
    const groups = [...new Set(names.map((name) => name.split('.')[0]))].join('|');
    const named = [...text.matchAll(new RegExp(`chorus\\.((?:${groups})\\.[a-zA-Z]+)`, 'g'))].map(
      ([, name]) => name,
    );
    expect(named.length).toBeGreaterThan(names.length);
    for (const name of named) expect(names).toContain(name);
  });

  it('read no setting of Chorus outside the one place', () => {
    const readers = readdirSync(sources).filter((name) =>
      readFileSync(new URL(name, sources), 'utf8').includes("getConfiguration('chorus"),
    );
    expect(readers).toEqual(['settings.ts']);
  });

  it('have the same views, each in a container that exists', () => {
    const views = Object.entries<{ id: string }[]>(contributes.views);
    const ids = views.flatMap(([, list]) => list.map(({ id }) => id));
    const chatViewId = /CHAT_VIEW_ID = '([^']+)'/.exec(code)?.[1];
    expect(ids.sort()).toEqual([expertsViewId, mixViewId, chatViewId].sort());
    const containers = Object.values<{ id: string }[]>(contributes.viewsContainers).flat();
    expect(views.map(([container]) => container).sort()).toEqual(containers.map(({ id }) => id).sort());
  });

  it('lead through six steps, each with what is shown beside it and an end that can come', () => {
    const [{ steps }] = contributes.walkthroughs;
    expect(steps).toHaveLength(6);
    const known = [...commandNames.map(commandId), expertsViewId, mixViewId];
    for (const { description, media, completionEvents } of steps) {
      const files = media.image === undefined ? [media.markdown] : Object.values<string>(media.image);
      expect(media.image === undefined || (files.length === 4 && media.altText.length > 20)).toBe(true);
      for (const file of files) expect(existsSync(new URL(file, root)), file).toBe(true);
      for (const [, command] of description.matchAll(/\(command:([^)]+)\)/g))
        expect(known).toContain(command);
      expect(completionEvents.length).toBeGreaterThan(0);
      for (const event of completionEvents as string[]) {
        const [kind, name] = event.split(':');
        if (kind === 'onContext') expect(code).toContain(`'${name}'`);
        else expect(known).toContain(name);
      }
    }
  });

  it('declare what the extension does where it is not trusted or not on a disk', () => {
    expect(manifest.capabilities).toMatchObject({
      untrustedWorkspaces: {
        supported: 'limited',
        restrictedConfigurations: [
          ...['folders', 'bases', 'hub', 'pip', 'offline'].map((name) => `chorus.models.${name}`),
          'chorus.secretFiles',
        ],
      },
      virtualWorkspaces: true,
    });
    // No workspace says what is run or asked, and only a trusted one which files are read.
    for (const name of manifest.capabilities.untrustedWorkspaces.restrictedConfigurations) {
      const scope = name === 'chorus.secretFiles' ? 'machine-overridable' : 'machine';
      expect(properties[name]?.scope).toBe(scope);
    }
    expect(manifest.main).toBe('./dist/extension.js');
    expect(code).toMatch(/export function activate\(/);
    expect(code).toMatch(/export function deactivate\(/);
  });
});

describe('the ready mixes', () => {
  it('set only what the settings accept', () => {
    for (const { sets } of readyMixes()) {
      for (const [name, value] of Object.entries(sets))
        expect(accepts(name as SettingName, value)).toBe(true);
    }
  });
});
