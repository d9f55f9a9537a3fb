import { execFile } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';

const root = join(import.meta.dirname, '../..');
const examples = join(root, 'examples');

/** A project of somebody else, somewhere else: an example, into which the tarballs that would be published are installed. */
export interface AdopterOptions {
  readonly example: string;
  /** Another example whose sources are compiled and tested in the same project; its packages are installed besides. */
  readonly beside?: string;
  /** Files of this folder that are tests of the project, too. */
  readonly more?: readonly string[];
  /** What differs from the example's own: other versions, another kind of module. */
  readonly versions?: Readonly<Record<string, string>>;
  readonly type?: 'module';
  readonly compilerOptions?: Readonly<Record<string, unknown>>;
}

interface PackageJson {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}
interface TsConfig {
  readonly compilerOptions: Readonly<Record<string, unknown>>;
}

export class Adopter {
  private constructor(readonly directory: string) {}

  static async create({
    example,
    beside,
    more = [],
    versions = {},
    type,
    compilerOptions,
  }: AdopterOptions): Promise<Adopter> {
    const adopter = new Adopter(await mkdtemp(join(tmpdir(), 'revocast-adopter-')));
    // What somebody has built or installed in the folder is no part of the example.
    const filter = (path: string): boolean => !['node_modules', 'dist', 'package-lock.json'].includes(basename(path));
    await cp(join(examples, example), adopter.directory, { recursive: true, filter });
    if (beside !== undefined)
      await cp(join(examples, beside, 'src'), join(adopter.directory, 'src', beside), { recursive: true });
    for (const file of more)
      await cp(join(import.meta.dirname, file), join(adopter.directory, 'src', file.replace(/\.ts$/, '.spec.ts')));
    const also = beside === undefined ? undefined : await packageOf(beside);
    const project = await adopter.#edit<PackageJson>('package.json', ({ dependencies, devDependencies, ...rest }) => ({
      ...{ ...rest, ...(type && { type }) },
      dependencies: { ...also?.dependencies, ...withVersions(dependencies, versions) },
      devDependencies: { ...also?.devDependencies, ...withVersions(devDependencies, versions) },
    }));
    await adopter.#edit<TsConfig>('tsconfig.json', (config) => ({
      ...config,
      compilerOptions: { ...config.compilerOptions, ...compilerOptions },
    }));
    const tarballs = await adopter.#pack(Object.keys(project.dependencies).filter((name) => name.startsWith('@revo')));
    // As the README says it: the tarballs are named, and take the place of the versions in package.json.
    await adopter.run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', ...tarballs]);
    return adopter;
  }

  /** Runs a command in the project and returns what it prints; rejects with all of it when it fails. */
  async run(command: string, args: readonly string[]): Promise<string> {
    try {
      const { stdout, stderr } = await promisify(execFile)(command, args, { cwd: this.directory, maxBuffer: 1e8 });
      return stdout + stderr;
    } catch (error) {
      const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
      throw new Error(`${command} ${args.join(' ')} failed:\n${stdout}${stderr}`, { cause: error });
    }
  }

  /** The scripts of the example, as its README names them; returns what its tests print. */
  async buildAndTest(): Promise<string> {
    await this.run('npm', ['run', 'build']);
    return this.run('npm', ['test']);
  }

  remove(): Promise<void> {
    return rm(this.directory, { recursive: true, force: true });
  }

  async #pack(names: readonly string[]): Promise<readonly string[]> {
    const workspaces = names.flatMap((name) => ['-w', name]);
    await promisify(execFile)('npm', ['pack', '--pack-destination', this.directory, ...workspaces], { cwd: root });
    const files = (await readdir(this.directory)).filter((file) => file.endsWith('.tgz'));
    return files.map((file) => `./${file}`);
  }

  async #edit<Json>(file: string, change: (json: Json) => Json): Promise<Json> {
    const path = join(this.directory, file);
    const changed = change(JSON.parse(await readFile(path, 'utf8')) as Json);
    await writeFile(path, JSON.stringify(changed, null, 2));
    return changed;
  }
}

const packageOf = async (example: string): Promise<PackageJson> =>
  JSON.parse(await readFile(join(examples, example, 'package.json'), 'utf8')) as PackageJson;

const withVersions = (
  wanted: Readonly<Record<string, string>>,
  versions: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(wanted).map(([name, version]) => [name, versions[name] ?? version]));
