/** Fetches a model in a process of its own, which may be killed: node child.js JSON. Says `PROGRESS kind` on the way, then `FOLDER path`. */

import { fetchModel } from '../../src/fetch/fetch-model.ts';

const { model, folder, settings } = JSON.parse(process.argv[2] ?? '');
fetchModel(model, {
  folder,
  settings,
  onProgress: ({ kind }) => process.stdout.write(`PROGRESS ${kind}\n`),
}).then(
  (place) => process.stdout.write(`FOLDER ${place}\n`),
  (thrown: Error) => {
    process.stdout.write(`ERROR ${thrown.message}\n`);
    process.exitCode = 1;
  },
);
