/** The devices that ONNX Runtime's package can have on each platform, and how a session is opened on each. */

import type * as ort from 'onnxruntime-common';
import type { Device } from '../protocol/engine.ts';

export interface Platform {
  /** As `process.platform`. */
  readonly system: string;
  /** As `process.arch`. */
  readonly arch: string;
}

/** As people know them. */
export const deviceNames: Readonly<Record<Device, string>> = {
  cpu: 'CPU',
  webgpu: 'WebGPU',
  cuda: 'CUDA',
  directml: 'DirectML',
  coreml: 'CoreML',
};

/** ONNX Runtime's name for a device's execution provider, as `listSupportedBackends` gives it. */
export const providerNames: Readonly<Record<Device, string>> = {
  cpu: 'cpu',
  webgpu: 'webgpu',
  cuda: 'cuda',
  directml: 'dml',
  coreml: 'coreml',
};

/**
 * The devices of a platform in the order in which `auto` tries them; the CPU is the last everywhere.
 * (Package onnxruntime-node 1.30: its README and its folder bin/.)
 */
export function devicesOf({ system, arch }: Platform): readonly Device[] {
  switch (`${system}-${arch}`) {
    case 'linux-x64':
      return ['webgpu', 'cuda', 'cpu'];
    case 'win32-x64':
    case 'win32-arm64':
      return ['webgpu', 'directml', 'cpu'];
    case 'darwin-arm64':
      return ['webgpu', 'coreml', 'cpu'];
    default:
      return ['cpu'];
  }
}

/** CoreML's newer form of a model, which knows more operators. */
const COREML_ML_PROGRAM = 0x10;

/** Where the session's operators run; what the device does not know runs on the CPU. */
export function providersOf(
  device: Device,
): NonNullable<ort.InferenceSession.SessionOptions['executionProviders']> {
  switch (device) {
    case 'cpu':
      return ['cpu'];
    case 'webgpu':
      return ['webgpu', 'cpu'];
    case 'cuda':
      return [{ name: 'cuda', deviceId: 0 }, 'cpu'];
    case 'directml':
      return [{ name: 'dml', deviceId: 0 }, 'cpu'];
    case 'coreml':
      return [{ name: 'coreml', coreMlFlags: COREML_ML_PROGRAM }, 'cpu'];
    default:
      return device satisfies never;
  }
}
