/** What people type, as LaTeX for the algebra: `sqrt(2)/x**2` becomes `\sqrt{2}/x^{2}`. LaTeX stays as it is, but for its typography. */

const functions = new Set(
  'sin cos tan cot sec csc arcsin arccos arctan sinh cosh tanh ln log exp lim min max gcd lcm det'.split(' '),
);
const otherNames: Readonly<Record<string, string>> = {
  asin: '\\arcsin',
  acos: '\\arccos',
  atan: '\\arctan',
  pi: '\\pi',
  infinity: '\\infty',
  inf: '\\infty',
};
const greek = new Set('alpha beta gamma delta epsilon theta lambda mu rho sigma tau phi omega'.split(' '));
const signs: readonly (readonly [RegExp, string])[] = [
  [/[−–]/g, '-'],
  [/[×·∙⋅]/g, '\\cdot '],
  [/÷/g, '/'],
  [/π/g, '\\pi '],
  [/∞/g, '\\infty '],
  [/√\s*(\w+)/g, '\\sqrt{$1}'],
  [/√\s*(?=\()/g, 'sqrt'],
  [/²/g, '^{2}'],
  [/³/g, '^{3}'],
  [/½/g, '\\frac{1}{2}'],
  [/±/g, '\\pm '],
  [/≤/g, '\\le '],
  [/≥/g, '\\ge '],
  [/≠/g, '\\ne '],
  [/(?<=\d),(?=\d{3}(?!\d))/g, ''],
];
const typography: readonly (readonly [RegExp, string])[] = [
  [/\\(?:left|right|big|Big|bigl|bigr)(?![a-zA-Z])/g, ''],
  [/\\(?:quad|qquad|!|,|;|:)(?![a-zA-Z])/g, ' '],
  [/\\[dt]frac(?![a-zA-Z])/g, '\\frac'],
  [/\\(?:displaystyle|nonumber|notag)(?![a-zA-Z])/g, ''],
  [/\\(?:boxed)\{([^{}]*)\}/g, '$1'],
  [/\{,\}(?=\d{3})/g, ''],
  [/&/g, ' '],
  [/~/g, ' '],
];

/** Has commands or braces: such text is LaTeX. */
function isLatex(text: string): boolean {
  return /\\[a-zA-Z]|[\^_]\{|\{,\}/.test(text);
}

export function toLatex(text: string): string {
  let latex = text.trim().replace(/[.;,]+$/, '');
  for (const [from, to] of signs) latex = latex.replace(from, to);
  if (isLatex(text)) {
    for (const [from, to] of typography) latex = latex.replace(from, to);
    return latex.replace(/\*/g, '\\cdot ').replace(/\s+/g, ' ').trim();
  }
  latex = rootsAndBars(latex.replace(/\*\*/g, '^'));
  return exponents(names(latex)).replace(/\*/g, '\\cdot ').replace(/\s+/g, ' ').trim();
}

/** `sqrt(...)` and `abs(...)`, which LaTeX writes otherwise than as a call. */
function rootsAndBars(text: string): string {
  const call = /(?<![\\a-zA-Z])(sqrt|abs)\s*\(/.exec(text);
  if (call === null) return text;
  const open = call.index + call[0].length - 1;
  const close = closing(text, open);
  if (close < 0) return text;
  const inside = rootsAndBars(text.slice(open + 1, close));
  const written = call[1] === 'sqrt' ? `\\sqrt{${inside}}` : `|${inside}|`;
  return text.slice(0, call.index) + written + rootsAndBars(text.slice(close + 1));
}

/** `x^10` and `x^-1`: LaTeX takes one character otherwise. `x^(n+1)` loses the brackets that only group. */
function exponents(text: string): string {
  const grouped = /\^\s*\(/.exec(text);
  if (grouped !== null) {
    const open = grouped.index + grouped[0].length - 1;
    const close = closing(text, open);
    if (close >= 0) {
      const inside = exponents(text.slice(open + 1, close));
      return `${exponents(text.slice(0, grouped.index))}^{${inside}}${exponents(text.slice(close + 1))}`;
    }
  }
  return text.replace(/\^\s*(-?(?:\d+(?:\.\d+)?|\\?[a-zA-Z]+))/g, '^{$1}').replace(/_(\w{2,})/g, '_{$1}');
}

/** Words of two letters are products, longer ones the names of variables. */
function names(text: string): string {
  return text.replace(/(?<![\\a-zA-Z])[a-zA-Z]+(?:_\w+)?/g, (word) => {
    if (functions.has(word) || greek.has(word)) return `\\${word} `;
    const known = Object.hasOwn(otherNames, word) ? otherNames[word] : undefined;
    if (known !== undefined) return `${known} `;
    return /^[a-zA-Z]{3,}/.test(word) ? `\\mathrm{${word.replaceAll('_', '')}}` : word;
  });
}

/** The index of the bracket that closes the one at `open`; -1 for none. */
function closing(text: string, open: number): number {
  let depth = 0;
  for (let i = open; i < text.length; i++) {
    if (text.charAt(i) === '(') depth++;
    else if (text.charAt(i) === ')' && --depth === 0) return i;
  }
  return -1;
}
