import { describe, expect, it } from 'vitest';
import type { AdviceRow } from '../../src/core/index.ts';
import { adviceReport, adviceVerdict } from '../../src/text/advice-report.ts';

const row = (kind: AdviceRow['kind'], weights: Record<string, number>, change: Partial<AdviceRow> = {}) => ({
  kind,
  members: Object.entries(weights).map(([id, weight]) => ({ id, weight })),
  vocabulary: 'a hash',
  bitsPerByte: 1.5,
  memoryBytes: 4e6,
  gain: 0,
  standardError: 0,
  ...change,
});
const code = row('alone', { code: 1 });
const math = row('alone', { math: 1 }, { bitsPerByte: 3 });
const both = row(
  'step',
  { code: 0.8, math: 0.2 },
  { bitsPerByte: 1.2, memoryBytes: 8e6, gain: 0.3, standardError: 0.01 },
);
const rest = {
  unmeasured: [],
  memoryLimit: 1e9,
  sample: { texts: 4, pieces: 8, fitBytes: 4000, judgeBytes: 4100 },
};

describe('the report of an advice', () => {
  it('says what a mixture saves against the best expert alone', () => {
    const advice = { rows: [code, math, both], chosen: both, ...rest };
    expect(adviceVerdict(advice)).toBe(
      'Mix code (80 %) + math (20 %): 1.200 bits per byte, 20.0 % fewer than code alone (1.500), on text that was not used to choose.',
    );
    const report = adviceReport(JSON.parse(JSON.stringify(advice)));
    expect(report).toContain('| code (80 %) + math (20 %) | 1.200 | 0.300 ± 0.010 | 8 MB | **use this** |');
    expect(report.match(/use this/g)).toHaveLength(1);
    expect(report).not.toContain('Vocabulary');
  });

  it('says that nothing is better than one alone, and why', () => {
    const refused = { ...both, kind: 'no-gain' as const, gain: 0.001 };
    const advice = { rows: [code, math, refused], chosen: code, ...rest };
    expect(adviceVerdict(advice)).toMatch(
      /^Use code alone: 1\.500 bits per byte\. Of 1 larger set tried, none/,
    );
    expect(adviceReport(advice)).toContain('not better by enough');
  });

  it('tells vocabularies apart, and names what was not measured and what the limit keeps out', () => {
    const other = { ...math, vocabulary: 'another hash' };
    const big = { ...both, kind: 'over-limit' as const };
    const unmeasured = [{ id: 'huge', failure: { message: 'It takes 9000 MB.' } }];
    const report = adviceReport({ rows: [code, other, big], chosen: code, ...rest, unmeasured });
    expect(report).toContain('| A | code |');
    expect(report).toContain('| B | math |');
    expect(report).toContain('Experts of different vocabularies');
    expect(report).toContain('over the memory limit');
    expect(report).toContain('- Not measured: huge. It takes 9000 MB.');
  });

  it('says when nothing fits and when nothing could be measured', () => {
    expect(adviceVerdict({ rows: [code], ...rest, memoryLimit: 1e6 })).toMatch(/limit of 1 MB/);
    expect(adviceVerdict({ rows: [], ...rest })).toMatch(/No expert could be measured/);
  });
});
