/** Randomness in [0, 1). */
export type Dice = () => number;

/** A small generator of repeatable randomness: mulberry32. */
export const seededDice = (seed: number): Dice => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};

export const between = (least: number, most: number, dice: Dice): number =>
  Math.floor(least + dice() * (most - least + 1));

export const pick = <Item>(items: readonly Item[], dice: Dice): Item => {
  const item = items[Math.floor(dice() * items.length)];
  if (item === undefined) throw new RangeError('nothing to pick from');
  return item;
};
