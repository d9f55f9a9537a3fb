import { type World } from './world.js';

const BAR_CELLS = 24;

/**
 * How far a long command is, on stderr: one line that is written over on a terminal, and a line for each step elsewhere, since
 * the log of a pipeline shows no cursor.
 */
export class Progress {
  #isShown = false;

  constructor(private readonly world: Pick<World, 'err' | 'isTerminal'>) {}

  /** `share` is from 0 to 1; undefined where nobody knows how much there is. */
  show(text: string, share?: number): void {
    if (!this.world.isTerminal) {
      this.world.err(`${text}\n`);
      return;
    }
    this.world.err(`\r${share === undefined ? '' : `${bar(share)} `}${text}\u001b[K`);
    this.#isShown = true;
  }

  /** Before anything else is written: it would stand behind the bar. */
  clear(): void {
    if (this.#isShown) this.world.err('\r\u001b[K');
    this.#isShown = false;
  }
}

function bar(share: number): string {
  const part = Math.min(1, Math.max(0, share));
  const full = Math.round(part * BAR_CELLS);
  return `[${'#'.repeat(full)}${'.'.repeat(BAR_CELLS - full)}] ${String(Math.floor(part * 100)).padStart(3)} %`;
}
