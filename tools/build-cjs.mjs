// The CommonJS half of each library, made from the same sources after `tsc -b` has checked them and written the ESM half.
// tsc has no mode that writes CommonJS for sources inside a `"type": "module"` package and still leaves `import()` alone;
// compiling each file under a `.cts` name does. That `import()` matters: jose is an ES module, and a CommonJS jest of an
// adopter can load it in no other way.
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import ts from 'typescript';

const root = join(import.meta.dirname, '..');

export const compilerOptions = {
  module: ts.ModuleKind.NodeNext,
  target: ts.ScriptTarget.ES2022,
  esModuleInterop: true,
  isolatedModules: true,
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
  useDefineForClassFields: true,
};

/** Compiles one source text to CommonJS, keeping `import()`. Throws where CommonJS has no equivalent. */
export function toCommonJs(source, fileName) {
  const { outputText } = ts.transpileModule(source, {
    fileName: fileName.replace(/\.ts$/, '.cts'),
    compilerOptions,
  });
  if (outputText.includes('import.meta')) throw new Error(`${fileName}: import.meta does not exist in CommonJS`);
  return outputText;
}

const isSource = (path) => path.endsWith('.ts') && !path.endsWith('.spec.ts') && !path.endsWith('.d.ts');

async function filesBelow(directory) {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

/** Outputs of sources that are gone would be packed and published for ever: tsc itself never removes them. */
async function removeStale(directory, stems) {
  for (const path of await filesBelow(directory)) {
    const stem = path.slice(directory.length + 1).replace(/\.(?:d\.ts|js)(?:\.map)?$/, '');
    if (/\.(?:ts|js|map)$/.test(path) && !stems.has(stem)) await rm(path, { force: true });
  }
}

async function writeIfChanged(path, text) {
  const current = await readFile(path, 'utf8').catch(() => undefined);
  if (current === text) return;
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

async function buildLibrary(library) {
  const source = join(library, 'src');
  const esm = join(library, 'dist/esm');
  const cjs = join(library, 'dist/cjs');
  const stems = new Set();
  for (const path of (await filesBelow(source)).filter(isSource)) {
    const stem = path.slice(source.length + 1, -'.ts'.length);
    stems.add(stem);
    await writeIfChanged(join(cjs, `${stem}.js`), toCommonJs(await readFile(path, 'utf8'), path));
    await copyFile(join(esm, `${stem}.d.ts`), join(cjs, `${stem}.d.ts`));
  }
  await writeIfChanged(join(esm, 'package.json'), '{ "type": "module" }\n');
  await writeIfChanged(join(cjs, 'package.json'), '{ "type": "commonjs" }\n');
  await removeStale(esm, stems);
  await removeStale(cjs, stems);
}

async function main() {
  for (const name of await readdir(join(root, 'libs'))) await buildLibrary(join(root, 'libs', name));
}

if (process.argv[1] === import.meta.filename) await main();
