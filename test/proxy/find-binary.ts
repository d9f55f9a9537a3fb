/** What the first of these places has; each rejects for what is not usable. None: an error that says what was tried. */
export async function firstUsable<T>(places: readonly (() => Promise<T>)[], help: string): Promise<T> {
  const tried: string[] = [];
  for (const place of places) {
    try {
      return await place();
    } catch (error) {
      tried.push(`${place.name}: ${error instanceof Error ? (error.message.split('\n')[0] ?? '') : ''}`);
    }
  }
  throw new Error(`${help} Tried:\n${tried.join('\n')}`);
}
