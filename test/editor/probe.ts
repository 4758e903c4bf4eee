// Another extension, which asks Chorus's models and its tool through the editor as any extension can, and writes down what it got.
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createVSIX } from '@vscode/vsce';

export const probeTitle = 'Probe: Ask Chorus';
/** In the workspace's folder. */
export const probeFile = 'probe.json';

const manifest = {
  name: 'probe',
  publisher: 'chorus-test',
  version: '0.0.1',
  engines: { vscode: '^1.106.0' },
  main: './main.js',
  activationEvents: [],
  contributes: { commands: [{ command: 'probe.ask', title: probeTitle }] },
};

const main = `
const vscode = require('vscode');
const { writeFileSync } = require('node:fs');
const { join } = require('node:path');

// The editor itself reads an image before it hands it on, so it must be one.
const dot = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');

async function ask() {
  const { lm, LanguageModelChatMessage: Message, LanguageModelDataPart: Data } = vscode;
  const found = { models: (await lm.selectChatModels({ vendor: 'chorus' })).map(({ id, name, family, maxInputTokens }) =>
    ({ id, name, family, maxInputTokens })) };
  const [model] = await lm.selectChatModels({ vendor: 'chorus', id: 'expert/pocket/math' });
  const collect = async (messages, token) => {
    const pieces = [];
    try {
      const response = await model.sendRequest(messages, {}, token);
      for await (const piece of response.text) pieces.push(piece);
      return { pieces };
    } catch (error) {
      return { pieces, error: error.message };
    }
  };
  found.answer = await collect([Message.User('What is 17 + 25?')]);
  found.tokens = await model.countTokens('What is 17 + 25?');
  found.image = await collect([Message.User([Data.image(dot, 'image/png')])]);
  const source = new vscode.CancellationTokenSource();
  setTimeout(() => source.cancel(), 50);
  found.cancelled = await collect([Message.User('Write a long function that sorts numbers, with comments.')], source.token);
  const tool = async (input) => (await lm.invokeTool('chorus_math', { input, toolInvocationToken: undefined })).content[0].value;
  found.tool = await tool({ operation: 'verify', expression: '(x+1)^2 = x^2 + 1' });
  found.computed = await tool({ operation: 'evaluate', expression: '\\\\frac{1}{3} + \\\\frac{1}{6}' });
  return found;
}

exports.activate = (context) => context.subscriptions.push(vscode.commands.registerCommand('probe.ask', async () => {
  const folder = vscode.workspace.workspaceFolders[0].uri.fsPath;
  const found = await ask().catch((error) => ({ failed: String(error.stack) }));
  writeFileSync(join(folder, '${probeFile}'), JSON.stringify(found));
}));
`;

/** The path of the packaged extension, in a folder of its own. */
export async function packageProbe(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'chorus-probe-'));
  const source = join(folder, 'source');
  mkdirSync(source);
  writeFileSync(join(source, 'package.json'), JSON.stringify(manifest));
  writeFileSync(join(source, 'main.js'), main);
  writeFileSync(join(source, 'README.md'), 'A probe for the tests of Chorus.');
  writeFileSync(join(source, 'LICENSE'), 'Apache-2.0');
  const packagePath = join(folder, 'probe.vsix');
  await createVSIX({
    cwd: source,
    packagePath,
    dependencies: false,
    allowMissingRepository: true,
    skipLicense: true,
  });
  return packagePath;
}
