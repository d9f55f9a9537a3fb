import { execFile } from 'node:child_process';
import { mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Why a small file system of our own cannot be had; undefined when it can. */
export const whyNoSmallDisk = (): Promise<string | undefined> =>
  Promise.resolve(
    process.platform === 'linux' && process.getuid?.() === 0
      ? undefined
      : 'needs root on Linux, to mount a file system of its own',
  );

/** Mounts an empty file system of `bytes` in memory at `directory`: one that can be filled without harm to anybody. */
export const mountSmallDisk = async (directory: string, bytes: number): Promise<void> => {
  await mkdir(directory, { recursive: true });
  await run('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', directory]);
};

export const unmountSmallDisk = async (directory: string): Promise<void> => {
  await run('umount', [directory]);
};

const FILLER = 'filler';

/** Takes all the room there is left. */
export const fillDisk = async (directory: string): Promise<void> => {
  const file = await open(join(directory, FILLER), 'w');
  try {
    for (;;) await file.write(Buffer.alloc(4_096));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  } finally {
    await file.close();
  }
};

/** Gives it back. */
export const emptyDisk = (directory: string): Promise<void> => rm(join(directory, FILLER), { force: true });
