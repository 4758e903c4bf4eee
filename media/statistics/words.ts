/** Numbers for people; a dash where there is none. */

/** `42 %` of 0.42. */
export function percentText(share: number | undefined): string {
  return share === undefined ? '–' : `${Math.round(100 * share)} %`;
}

export function rateText(rate: number | undefined): string {
  if (rate === undefined) return '–';
  return rate > 0 && rate < 10 ? rate.toFixed(1) : rate.toFixed(0);
}
