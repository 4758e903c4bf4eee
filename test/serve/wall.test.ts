/** The wall around connections: src/serve may listen by node:http, and no room but src/fetch may take from it what connects. */

import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root, temporaryFolder } from '../programs.ts';

/** Which of these files the project's linter refuses. */
function refused(files: Readonly<Record<string, string>>): string[] {
  const folder = temporaryFolder();
  const rules = JSON.parse(readFileSync(join(root, 'biome.json'), 'utf8')) as Record<string, unknown>;
  writeFileSync(join(folder, 'biome.json'), JSON.stringify({ ...rules, vcs: { enabled: false } }));
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  }
  const biome = join(root, 'node_modules/@biomejs/biome/bin/biome');
  const only = ['noRestrictedImports', 'noRestrictedGlobals'].map((rule) => `--only=style/${rule}`);
  const args = [biome, 'lint', ...only, '--reporter=github', '.'];
  const { stdout } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });
  return Object.keys(files).filter((file) => stdout.includes(`/${file},line=`));
}

describe('node:http', () => {
  it('listens in src/serve, and connects nowhere but in src/fetch', () => {
    const bad = {
      'src/serve/a.ts': "import { createServer, request } from 'node:http';\ncreateServer(request);\n",
      'src/serve/b.ts': "import * as http from 'node:http';\nhttp.get('http://a');\n",
      'src/serve/c.ts': "import http from 'node:http';\nhttp.get('http://a');\n",
      'src/serve/d.ts': "import { get } from 'http';\nget('http://a');\n",
      'src/cli/e.ts': "fetch('http://a');\n",
    };
    const good = {
      'src/serve/listen.ts':
        "import { createServer, type ServerResponse } from 'node:http';\ncreateServer();\n",
      'src/fetch/connect.ts':
        "import { request } from 'node:http';\nrequest('http://a');\nfetch('http://a');\n",
    };
    expect(refused({ ...bad, ...good })).toEqual(Object.keys(bad));
  });
});
