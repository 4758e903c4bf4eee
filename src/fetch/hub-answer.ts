/** What the head of a hub's answer says about its body, before a byte of it is taken. */

import type { HubAnswer } from './hub-request.ts';

/** Why an answer was not the file. */
export type Fault =
  /** More may come of asking again, for what is missing; `reached` where the hub is there at all. */
  | {
      readonly kind: 'broken';
      readonly why: string;
      readonly waitMs?: number | undefined;
      readonly reached: boolean;
    }
  /** What is there is no beginning of what the hub has. */
  | { readonly kind: 'anew'; readonly why: string }
  | { readonly kind: 'refused'; readonly why: string };

export type Judged = Fault | { readonly kind: 'good'; readonly from: number };

export interface Expected {
  readonly name: string;
  readonly size: number;
  /** Bytes that are there: the answer should begin after them. */
  readonly had: number;
}

/** Whether the answer's head lets its body be the file, after what is there, or from the beginning. */
export function judge(
  { status, headers }: Pick<HubAnswer, 'status' | 'headers'>,
  { size, name, had }: Expected,
): Judged {
  const length = numberOf(headers['content-length']);
  const type = String(headers['content-type'] ?? '');
  if (status === 429 || status === 408 || status >= 500) {
    const seconds = numberOf(headers['retry-after']);
    const waitMs = seconds === undefined ? undefined : seconds * 1000;
    return { kind: 'broken', why: `it answered with status ${status}`, waitMs, reached: true };
  }
  if (status === 416) return { kind: 'anew', why: 'it does not have the bytes that are missing' };
  if (status === 401 || status === 403) {
    return {
      kind: 'refused',
      why: `it answered with status ${status}: access to it is limited. Accept the model's licence there and give Chorus your token ("Chorus: Set Hub Token...", or CHORUS_HUB_TOKEN in a terminal), or check chorus.models.hub`,
    };
  }
  if (status !== 200 && status !== 206) {
    return {
      kind: 'refused',
      why: `it answered with status ${status}${status === 404 ? ': it has no such file. Check chorus.models.hub' : ''}`,
    };
  }
  if (/html/i.test(type) && !/\.html?$/i.test(name)) {
    return {
      kind: 'refused',
      why: 'it answered with a web page instead of the file. The network may ask you to log in first: open a page in a browser, or check chorus.models.hub',
    };
  }
  const coding = String(headers['content-encoding'] ?? 'identity');
  if (coding !== 'identity')
    return { kind: 'refused', why: `it sent the file compressed (${coding.slice(0, 20)}), unasked` };
  const from = status === 206 ? rangeStart(headers['content-range'], size) : 0;
  if (from === undefined || (status === 206 && from !== had)) {
    return { kind: 'anew', why: 'it sent other bytes than those that were asked for' };
  }
  if (length !== undefined && from + length !== size) {
    return { kind: 'anew', why: `its file has ${from + length} bytes instead of ${size}` };
  }
  return { kind: 'good', from };
}

/** The first byte of `bytes 5-9/10`; undefined where it does not go to the end of a file of `size` bytes. */
function rangeStart(header: string | string[] | undefined, size: number): number | undefined {
  const match = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)$/.exec(String(header ?? ''));
  if (match === null || (match[3] !== '*' && Number(match[3]) !== size)) return undefined;
  return Number(match[2]) === size - 1 ? Number(match[1]) : undefined;
}

function numberOf(header: string | string[] | undefined): number | undefined {
  return typeof header === 'string' && /^\d{1,15}$/.test(header) ? Number(header) : undefined;
}
