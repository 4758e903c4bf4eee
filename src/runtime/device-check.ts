/** The process of one self-check: opens the model on a device and on the CPU, and answers how they compare. */

import { listSupportedBackends } from 'onnxruntime-node';
import type { CheckMessage, CheckOrder } from './check-process.ts';
import { createDeviceLock } from './device-lock.ts';
import { providerNames } from './devices.ts';
import { openOnCpu, openOnDevice, openReference } from './open-decoder.ts';
import { type CheckOutcome, reasonOf, selfCheck, TOLERANCE } from './self-check.ts';

/** Tokens of a run that WebGPU is tried with: of an H200's prompt of 1,000 tokens it saves seven eighths (docs/performance.md, Devices). */
const LONGER = 256;

async function check({ device, load }: CheckOrder): Promise<CheckOutcome> {
  // One that is not compiled in is replaced by the CPU without an error.
  if (!listSupportedBackends().some(({ name }) => name === providerNames[device])) {
    return { kind: 'refused', why: 'is not part of this build of ONNX Runtime' };
  }
  return selfCheck({
    openDevice: () => openOnDevice(load, { device, lock: createDeviceLock() }, working),
    openReference: async () => {
      const { decoder, rounds } = await openReference(load, working);
      if (load.precision === 'fp32') return { decoder, tolerance: TOLERANCE.full };
      // What a device has no operator for is computed by the CPU, as in use: on these, products of 8-bit weights at least.
      const alike = !rounds && device !== 'coreml' && device !== 'directml';
      return { decoder, tolerance: alike ? TOLERANCE.quantised : TOLERANCE.rounded };
    },
    openCpu: async () => (await openOnCpu(load, () => {})).decoder,
    vocabulary: load.vocabularySize,
    // What is read around it has to fit too.
    ...(device === 'webgpu' && load.contextLength >= 2 * LONGER && { longer: LONGER }),
    clock: () => performance.now(),
    working,
  });
}

/** A graph that is built takes longer than a check, and says from time to time that it goes on. */
const working = (): void => {
  process.send?.({ kind: 'working' } satisfies CheckMessage);
};

process.on('message', (order: CheckOrder) => {
  check(order)
    .catch(
      (thrown: unknown): CheckOutcome => ({ kind: 'refused', why: `cannot be checked: ${reasonOf(thrown)}` }),
    )
    .then((outcome) => process.send?.(outcome))
    .catch(() => {});
});
// Its parent ended.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
