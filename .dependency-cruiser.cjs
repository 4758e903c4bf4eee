// The walls between the rooms (ARCHITECTURE.md, "The rooms"). Every room lists what it may import; anything else fails.
const rooms = {
  core: [],
  text: ['core'],
  protocol: [],
  grammar: ['core', 'protocol'],
  models: ['protocol', 'text'],
  fetch: ['protocol', 'models'],
  graph: ['protocol', 'models'],
  maths: ['protocol'],
  merge: ['protocol', 'models', 'graph'],
  runtime: ['core', 'protocol', 'text', 'models', 'graph'],
  engine: ['core', 'text', 'protocol', 'grammar', 'models', 'fetch', 'runtime'],
  serve: ['protocol', 'models', 'engine'],
  cli: ['core', 'text', 'protocol', 'models', 'fetch', 'merge', 'engine', 'serve'],
  extension: ['text', 'protocol', 'models', 'fetch'],
};

const walls = Object.entries(rooms).map(([room, allowed]) => ({
  name: `room-${room}`,
  comment: `src/${room} may import only: ${allowed.join(', ') || 'itself'}`,
  severity: 'error',
  from: { path: `^src/${room}/` },
  to: { path: '^(src|media|test)/', pathNot: `^src/(${[room, ...allowed].join('|')})/` },
}));

const onlyIn = (name, room, module) => ({
  name,
  comment: `only src/${room} may import ${module}`,
  severity: 'error',
  from: { path: '^(src|media)/', pathNot: `^src/${room}/` },
  to: { path: module },
});

module.exports = {
  forbidden: [
    ...walls,
    onlyIn('native-module-only-in-runtime', 'runtime', 'onnxruntime-(node|common)'),
    onlyIn(
      'network-only-in-fetch',
      'fetch',
      'node_modules/undici/|^(node:)?(https|http2|net|tls|dgram|dns)(/promises)?$',
    ),
    onlyIn('algebra-only-in-maths', 'maths', 'node_modules/@cortex-js/'),
    {
      name: 'http-only-in-fetch-and-serve',
      comment: 'src/serve listens; biome.json sees to it that it takes nothing of node:http that connects',
      severity: 'error',
      from: { path: '^(src|media)/', pathNot: '^src/(fetch|serve)/' },
      to: { path: '^(node:)?http$' },
    },
    onlyIn('vscode-only-in-extension', 'extension', '^vscode$'),
    {
      name: 'core-and-protocol-are-pure',
      severity: 'error',
      from: { path: '^src/(core|protocol|text)/' },
      to: { dependencyTypes: ['core', 'npm', 'npm-dev'] },
    },
    {
      name: 'media-is-a-browser',
      severity: 'error',
      from: { path: '^media/' },
      to: { path: '^src/', pathNot: '^src/(protocol|text|core)/' },
    },
    { name: 'no-circles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-orphans',
      severity: 'error',
      from: { orphan: true, path: '^src/' },
      to: {},
    },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true, pathNot: '^vscode$' } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    builtInModules: { add: ['vscode'] },
    enhancedResolveOptions: { extensions: ['.ts', '.js', '.json'] },
  },
};
