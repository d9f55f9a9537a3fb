/** What the first of these places has; each rejects for what is not usable. None: an error that says what was tried. */
export async function firstUsable<T>(places: Readonly<Record<string, () => Promise<T>>>, help: string): Promise<T> {
  const tried: string[] = [];
  for (const [name, place] of Object.entries(places)) {
    try {
      return await place();
    } catch (error) {
      tried.push(`${name}: ${error instanceof Error ? (error.message.split('\n')[0] ?? '') : ''}`);
    }
  }
  throw new Error(`${help} Tried:\n${tried.join('\n')}`);
}

/** The program that a variable names. */
export async function fromSetting<T>(setting: string, usable: (path: string) => Promise<T>): Promise<T> {
  const path = process.env[setting];
  if (path === undefined || path === '') throw new Error(`${setting} is not set`);
  return usable(path);
}

/** The first of these that is usable; rejects with what speaks against the first. */
export async function fromMachine<T>(paths: readonly string[], usable: (path: string) => Promise<T>): Promise<T> {
  const reasons: unknown[] = [];
  for (const path of paths) {
    try {
      return await usable(path);
    } catch (error) {
      reasons.push(error);
    }
  }
  throw reasons[0];
}
