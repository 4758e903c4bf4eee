// A pip that does as it is told: node fake-pip.mjs MANNER WHEEL download ... -d FOLDER. It never opens a connection.
import { appendFileSync, copyFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const [manner, wheel, ...args] = process.argv.slice(2);
const folder = args[args.indexOf('-d') + 1];
const temporary = process.env.TMPDIR;
const refuse = (...lines) => {
  process.stderr.write(`${lines.join('\n')}\n`);
  process.exit(1);
};

if (process.env.CHORUS_HUB_TOKEN !== undefined) refuse('ERROR: the token of the hub came here');
appendFileSync(`${wheel}.calls`, `${JSON.stringify(args)}\n`);
process.stdout.write('Looking in indexes: https://user:secret@index.example/simple\n');
switch (manner) {
  case 'good':
    copyFileSync(wheel, join(temporary, 'half'));
    copyFileSync(wheel, join(folder, basename(wheel)));
    break;
  case 'filling':
    copyFileSync(wheel, join(folder, basename(wheel)));
    // Another program fills the disk.
    try {
      for (;;) writeFileSync(process.env.CHORUS_TEST_JUNK, Buffer.alloc(1e6), { flag: 'a' });
    } catch {}
    break;
  case 'slow':
    copyFileSync(wheel, join(temporary, 'half'));
    await sleep(300);
    copyFileSync(wheel, join(folder, basename(wheel)));
    break;
  case 'no pip':
    refuse('/usr/bin/python3: No module named pip');
    break;
  case 'no version':
    refuse(
      'ERROR: Could not find a version that satisfies the requirement toy==1.0 (from versions: 0.9)',
      'ERROR: No matching distribution found for toy==1.0',
    );
    break;
  case 'no network':
    refuse(
      "WARNING: Retrying (Retry(total=1)) after connection broken by 'NewConnectionError(': Temporary failure in name resolution')': /simple/toy/",
      'ERROR: Could not find a version that satisfies the requirement toy==1.0 (from versions: none)',
      'ERROR: No matching distribution found for toy==1.0',
    );
    break;
  case 'certificate':
    refuse(
      "WARNING: Retrying (Retry(total=1)) after connection broken by 'SSLError(SSLCertVerificationError(1, CERTIFICATE_VERIFY_FAILED'",
      'ERROR: No matching distribution found for toy==1.0',
    );
    break;
  case 'disk full':
    refuse('ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device');
    break;
  case 'strange':
    refuse('ERROR: 500 Server Error for url: https://user:secret@index.example/simple/toy');
    break;
  case 'nothing':
    break;
  case 'hanging':
    await sleep(3_600_000);
    break;
  case 'endless':
    for (;;) {
      writeFileSync(join(temporary, 'half'), Buffer.alloc(16e6), { flag: 'a' });
      await sleep(10);
    }
  default:
    throw new Error(`no manner ${manner}`);
}
