/** The statistics page: figures, plots and tables of what was counted, for the days that are chosen. */

import { connect } from '../../src/protocol/rpc.ts';
import type { StatisticsCalls, StatisticsEvents, StatisticsState } from '../../src/protocol/statistics.ts';
import { element, frameElement } from '../chat/dom.ts';
import { pagePort, type WebviewApi } from '../chat/port.ts';
import { t } from '../language.ts';
import { figuresBy, figuresByDay, figuresOf, rowsWithin } from './figures.ts';
import { dayTable, groupTable } from './tables.ts';
import { figureList, plots } from './views.ts';

declare function acquireVsCodeApi(): WebviewApi;

const api = acquireVsCodeApi();
const days = frameElement('days', HTMLSelectElement);
const nothing = frameElement('nothing', HTMLElement);
const content = frameElement('content', HTMLElement);

let state: StatisticsState | undefined;
/** Of the days that are shown. */
let daily: ReturnType<typeof figuresByDay> = [];

const connection = connect<StatisticsCalls, StatisticsEvents>(pagePort(api), {
  state(now) {
    state = now;
    show();
    return undefined;
  },
});

function show(): void {
  if (state === undefined) return;
  const within = { today: state.today, most: Number(days.value) };
  const rows = rowsWithin(state.rows, within);
  nothing.hidden = rows.length > 0;
  content.hidden = rows.length === 0;
  daily = figuresByDay(state.rows, within);
  frameElement('figures', HTMLElement).replaceChildren(...figureList(figuresOf(rows)));
  drawPlots();
  const tables = frameElement('tables', HTMLElement);
  const open = tables.querySelector('details')?.open ?? false;
  const focused = document.activeElement?.tagName === 'SUMMARY';
  tables.replaceChildren(
    groupTable(t('By language'), t('Language'), figuresBy(rows, 'language'), { withSpeed: false }),
    groupTable(t('By the experts that took part'), t('Experts'), figuresBy(rows, 'experts'), {
      withSpeed: true,
    }),
    element('details', { open }, element('summary', {}, t('Every day as a table')), dayTable(daily)),
  );
  // The counts change while the page is read.
  if (focused) tables.querySelector('summary')?.focus();
}

/** They alone depend on the page's width. */
function drawPlots(): void {
  if (state === undefined) return;
  const drawings = frameElement('plots', HTMLElement);
  drawings.replaceChildren(...plots(daily, drawings.clientWidth));
}

days.addEventListener('change', show);
window.addEventListener('resize', drawPlots);
frameElement('save', HTMLButtonElement).addEventListener('click', () => void connection.call('save', {}));
frameElement('reset', HTMLButtonElement).addEventListener('click', () => void connection.call('reset', {}));

void connection.call('ready', {}).then((now) => {
  state = now;
  show();
});
