/** Builds what is generated: types and descriptor of the API, the bundles of the command line and the agent. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import protobuf from 'protobufjs';
import { configurationReference } from '../server/reference.ts';
import { fileDescriptors } from './file-descriptors.ts';

const require = createRequire(import.meta.url);
const root = dirname(import.meta.dirname);
const protoFiles = readdirSync(join(root, 'proto/yurt/v1')).map((name) => `yurt/v1/${name}`);

/** TypeScript types of all messages and services, by proto-loader's own generator, into `proto/gen/`. */
function generateTypes(): void {
  const generator = require.resolve('@grpc/proto-loader/build/bin/proto-loader-gen-types.js');
  const outDir = join(root, 'proto/gen');
  rmSync(outDir, { recursive: true, force: true });
  execFileSync(process.execPath, [
    generator,
    ...['--longs=Number', '--enums=String', '--defaults', '--oneofs', '--grpcLib=@grpc/grpc-js'],
    ...['--importFileExtension=.ts', `--includeDirs=${join(root, 'proto')}`, `--outDir=${outDir}`],
    ...protoFiles,
  ]);
}

/** All of the API as one JSON descriptor: whoever loads it parses no `.proto` at start. And the files that reflection tells of. */
function generateDescriptors(): void {
  writeFileSync(join(root, 'proto/gen/api.json'), JSON.stringify(parseApi().toJSON({ keepComments: false })));
  const sources = protoFiles.map((name) => ({ name, text: readFileSync(join(root, 'proto', name), 'utf8') }));
  const files = [...fileDescriptors(parseApi({ keepCase: true }), sources).values()];
  writeFileSync(join(root, 'proto/gen/files.json'), JSON.stringify(files.map((file) => file.toString('base64'))));
}

function parseApi(options: protobuf.IParseOptions = {}): protobuf.Root {
  const api = new protobuf.Root();
  api.resolvePath = (_origin, target) => {
    if (protobuf.common.get(target) !== null) return target;
    return join(
      target.startsWith('google/') ? dirname(require.resolve('protobufjs/package.json')) : join(root, 'proto'),
      target,
    );
  };
  api.loadSync(protoFiles, options);
  api.resolveAll();
  return api;
}

const bundled = { bundle: true, platform: 'node', target: 'node26', minify: true, legalComments: 'none' } as const;

/** Bundles start three to five times faster than sources: `yurt` runs for every command. */
async function bundle(): Promise<void> {
  mkdirSync(join(root, 'dist'), { recursive: true });
  // CommonJS starts some milliseconds sooner than ES modules. Two files, since the compile cache must be on before the
  // larger one is loaded; what a command does not need stays uncompiled in it.
  await build({
    ...bundled,
    entryPoints: [join(root, 'tui/main.ts')],
    outfile: join(root, 'dist/yurt.cjs'),
    format: 'cjs',
    plugins: [externalAs('./process.ts', './yurt-process.cjs')],
    // `require` instead: Node's loader of ES modules need not start.
    supported: { 'dynamic-import': false },
  });
  await build({
    ...bundled,
    entryPoints: [join(root, 'tui/process.ts')],
    outfile: join(root, 'dist/yurt-process.cjs'),
    format: 'cjs',
    plugins: [
      parsedJson(),
      externalAs('yaml', './yurt-yaml.cjs'),
      externalAs('./screen/start.ts', './yurt-screen.cjs'),
      externalAs('../../proto/remote/certificate.ts', './yurt-certificate.cjs'),
    ],
    external: ['koffi'], // loaded by what moves files alone; its native half lies beside it
  });
  // A third of all the code, and most commands read and write no YAML.
  await build({
    ...bundled,
    entryPoints: ['yaml'],
    outfile: join(root, 'dist/yurt-yaml.cjs'),
    format: 'cjs',
  });
  // The library for certificates is as large as all commands together, and is needed once for a user.
  await build({
    ...bundled,
    entryPoints: [join(root, 'proto/remote/certificate.ts')],
    outfile: join(root, 'dist/yurt-certificate.cjs'),
    format: 'cjs',
  });
  await bundleScreen();
  // As one file the server starts with two thirds of the work, and needs 60 MB less: what strips types stays out of it.
  await build({
    ...bundled,
    minify: false, // stacks in its log are read
    entryPoints: [join(root, 'server/main.ts')],
    outfile: join(root, 'dist/yurtd.mjs'),
    format: 'esm',
    packages: 'external',
  });
  mkdirSync(join(root, 'dist/gen'), { recursive: true });
  for (const name of ['api.json', 'files.json'])
    copyFileSync(join(root, 'proto/gen', name), join(root, 'dist/gen', name));
}

/** The full-screen interface: no command loads any of it. What the first frame does without is loaded after that. */
async function bundleScreen(): Promise<void> {
  await build({
    ...bundled,
    entryPoints: [join(root, 'tui/screen/start.ts')],
    outfile: join(root, 'dist/yurt-screen.cjs'),
    format: 'cjs',
    plugins: [
      parsedJson(),
      externalAs('yaml', './yurt-yaml.cjs'),
      externalAs('./keyboard.ts', './yurt-keyboard.mjs'),
      externalAs('./effects/panes.ts', './yurt-panes.mjs'),
    ],
  });
  const later = {
    ...bundled,
    // Ink's layout engine awaits at its top level, which CommonJS cannot.
    format: 'esm',
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    // Without fetch the layout engine unpacks itself; with it, Node first loads its whole HTTP client (30 ms).
    define: { 'process.env.NODE_ENV': '"production"', 'process.env.DEV': '"false"', fetch: 'undefined' },
  } as const;
  await build({
    ...later,
    entryPoints: [join(root, 'tui/screen/keyboard.ts')],
    outfile: join(root, 'dist/yurt-keyboard.mjs'),
    plugins: [emptyModule('react-devtools-core')],
  });
  await build({
    ...later,
    entryPoints: [join(root, 'tui/screen/effects/panes.ts')],
    outfile: join(root, 'dist/yurt-panes.mjs'),
  });
}

/** All that the agent is made of, apart from Node and the machine's libraries, into `dist/agent/`. */
async function buildAgent(): Promise<void> {
  const outDir = join(root, 'dist/agent');
  mkdirSync(outDir, { recursive: true });
  const koffi = dirname(require.resolve(`@koromix/koffi-linux-${process.arch}/package.json`));
  copyFileSync(join(koffi, `linux_${process.arch}/koffi.node`), join(outDir, 'koffi.node'));
  copyFileSync(require.resolve('node-pty/build/Release/pty.node'), join(outDir, 'pty.node'));
  compile(join(root, 'agent/launcher/launcher.c'), join(outDir, 'launcher'));
  await build({
    ...bundled,
    entryPoints: [join(root, 'agent/main.ts')],
    outfile: join(outDir, 'agent.cjs'),
    format: 'cjs',
    // koffi's JavaScript only looks for its native half, which lies beside the bundle.
    external: ['./koffi.node'],
    alias: { koffi: './koffi.node' },
    // Optional modules would be looked for in the root of the instance.
    define: { 'process.env.WS_NO_BUFFER_UTIL': '"1"', 'process.env.WS_NO_UTF_8_VALIDATE': '"1"' },
  });
}

/** Programs of the server that must be processes of their own: they enter namespaces. Into `dist/host/`. */
function buildHostPrograms(): void {
  const outDir = join(root, 'dist/host');
  mkdirSync(outDir, { recursive: true });
  for (const name of ['mounter', 'relay']) compile(join(root, `server/host/${name}/${name}.c`), join(outDir, name));
}

function compile(source: string, program: string): void {
  execFileSync('cc', ['-static', '-Os', '-s', '-Wall', '-Wextra', '-Werror', '-o', program, source]);
}

/** Leaves the import of `specifier` to run time, from another file. */
function externalAs(specifier: string, path: string): Plugin {
  const filter = new RegExp(`^${specifier.replaceAll('.', '\\.')}$`);
  return { name: 'external', setup: (api) => api.onResolve({ filter }, () => ({ path, external: true })) };
}

/** JSON as text: V8 parses it in a tenth of the time that it needs for the same as an object of JavaScript. */
function parsedJson(): Plugin {
  return {
    name: 'parsed-json',
    setup: (api) => {
      api.onLoad({ filter: /\.json$/ }, ({ path }) => {
        const text = JSON.stringify(JSON.parse(readFileSync(path, 'utf8')));
        return { contents: `export default JSON.parse(${JSON.stringify(text)});` };
      });
    },
  };
}

/** For what is imported but never used. */
function emptyModule(specifier: string): Plugin {
  return {
    name: 'empty',
    setup: (api) => {
      api.onResolve({ filter: new RegExp(`^${specifier}$`) }, ({ path }) => ({ path, namespace: 'empty' }));
      api.onLoad({ filter: /./, namespace: 'empty' }, () => ({ contents: 'export default {};' }));
    },
  };
}

generateTypes();
generateDescriptors();
writeFileSync(join(root, 'docs/reference/configuration.md'), configurationReference());
await bundle();
await buildAgent();
buildHostPrograms();
