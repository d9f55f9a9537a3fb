import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const root = join(import.meta.dirname, '../..');
type Published = 'core' | 'gate' | 'node' | 'jetstream' | 'nest' | 'express' | 'fastify';

/** What stands in an adopter's project: the snippet of a document, and the adopter's own test of it. */
export const NEST_APP = { 'snippet.ts': 'snippet.ts', 'app.spec.ts': 'adopter-app.ts' } as const;

/** A project of somebody else, somewhere else: what it installs of ours are the tarballs that would be published. */
export interface AdopterOptions {
  readonly packageJson: Readonly<Record<string, unknown>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly compilerOptions: Readonly<Record<string, unknown>>;
  /** Names in the project, and the files of this folder that they are copied from. */
  readonly sources: Readonly<Record<string, string>>;
  /** Which of our packages it installs. */
  readonly ours: readonly Published[];
}

export class Adopter {
  private constructor(readonly directory: string) {}

  static async create({ packageJson, dependencies, compilerOptions, sources, ours }: AdopterOptions): Promise<Adopter> {
    const directory = await mkdtemp(join(tmpdir(), 'revocast-adopter-'));
    const adopter = new Adopter(directory);
    const tarballs = await adopter.#pack(ours);
    await mkdir(join(directory, 'src'));
    for (const [name, from] of Object.entries(sources)) {
      await cp(join(import.meta.dirname, from), join(directory, 'src', name));
    }
    await adopter.#writeJson('tsconfig.json', { compilerOptions: { ...STRICT, ...compilerOptions }, include: ['src'] });
    await adopter.#writeJson('package.json', {
      ...{ name: 'adopter', private: true, ...packageJson },
      dependencies: { ...dependencies, ...tarballs },
    });
    await adopter.run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline']);
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

  remove(): Promise<void> {
    return rm(this.directory, { recursive: true, force: true });
  }

  async #pack(ours: readonly Published[]): Promise<Record<string, string>> {
    const workspaces = ours.flatMap((name) => ['-w', `@revocast/${name}`]);
    await promisify(execFile)('npm', ['pack', '--pack-destination', this.directory, ...workspaces], { cwd: root });
    const files = (await readdir(this.directory)).filter((file) => file.endsWith('.tgz'));
    return Object.fromEntries(
      ours.map((name) => [`@revocast/${name}`, `file:${files.find((file) => file.startsWith(`revocast-${name}-`))}`]),
    );
  }

  #writeJson(file: string, value: unknown): Promise<void> {
    return writeFile(join(this.directory, file), JSON.stringify(value, null, 2));
  }
}

/** What `nest new` writes, with every check of the compiler that it leaves out. */
const STRICT = {
  ...{ target: 'ES2022', lib: ['ES2023'], outDir: 'dist', rootDir: 'src', types: ['node'], skipLibCheck: true },
  ...{ strict: true, noUncheckedIndexedAccess: true, exactOptionalPropertyTypes: true, esModuleInterop: true },
  ...{ experimentalDecorators: true, emitDecoratorMetadata: true },
};
