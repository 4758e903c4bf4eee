/** Imports a bundle in a process of its own, which may be killed: node child-bundle.js ARCHIVE FOLDER. Says a word when it begins. */

import { importBundle } from '../../src/fetch/import-bundle.ts';

const [, , archive = '', folder = ''] = process.argv;
process.stdout.write('BEGUN\n');
importBundle(archive, { folder, catalog: { models: [], mixes: [] } }).then(
  () => process.stdout.write('DONE\n'),
  (thrown: Error) => process.stdout.write(`ERROR ${thrown.message}\n`),
);
