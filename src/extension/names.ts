/** The names that the manifest and the code share; a test compares them with package.json. */

export const commandNames = [
  'chooseExperts',
  'setWeights',
  'chooseMix',
  'adviseMix',
  'mergeExperts',
  'fetchModel',
  'pauseFetch',
  'exportModels',
  'importBundle',
  'setHubToken',
  'removeHubToken',
  'showConnections',
  'importModel',
  'renameExpert',
  'removeExpert',
  'showModelCard',
  'saveMix',
  'ask',
  'newChat',
  'showChats',
  'exportChat',
  'deleteChats',
  'explainSelection',
  'fixProblem',
  'documentCode',
  'writeTests',
  'simplifyCode',
  'translateFormula',
  'checkStep',
  'continueDerivation',
  'acceptProposal',
  'discardProposal',
  'completeNow',
  'toggleCompletions',
  'toggleLanguage',
  'snooze',
  'unsnooze',
  'whyNoSuggestion',
  'showPrompt',
  'showStatistics',
  'restartEngine',
  'showLog',
  'showActions',
] as const;

export type CommandName = (typeof commandNames)[number];

export function commandId(name: CommandName): string {
  return `chorus.${name}`;
}

export const expertsViewId = 'chorus.experts';

export const mathsToolName = 'chorus_math';

/** Of the models that the editor's own chat offers. */
export const modelVendor = 'chorus';

export const participantId = 'chorus.chorus';

export const mixViewId = 'chorus.mix';
