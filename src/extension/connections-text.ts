/** What the document of connections says. Without the editor. */

import { t } from '@vscode/l10n';

export function connectionsText(lines: readonly string[], offline: boolean, file: string): string {
  return [
    t('Every connection that Chorus made on this machine, the newest first; times are in UTC.'),
    t('The same, with both ends of each connection: {0}', file),
    offline
      ? t('Offline is on (chorus.models.offline): there will be none.')
      : t('Offline is off. The setting chorus.models.offline forbids every connection.'),
    '',
    ...(lines.length === 0 ? [t('There was none yet.')] : lines),
    '',
  ].join('\n');
}
